/* world - a pool, a crowd and storms, and the effects on the hosts of the crowd. */
#ifndef NAT64D_TESTS_WORLD_H
#define NAT64D_TESTS_WORLD_H

#include "crowd.h"
#include "events.h"
#include "storm.h"

enum where {
	ELSEWHERE,
	SAME_NETWORK, /* in the network of a storm's sources */
	PLACES
};

struct figures {
	uint32_t newcomers; /* hosts that began a session without a lease during the storm */
	uint32_t refused;   /* those whose first packet was lost */
	uint32_t late;      /* those not served within a second */
	uint32_t never;     /* those not served until the end */
	int64_t median, most_of_all, longest; /* waiting times: 50 %, 99 %, 100 % */
	/* Leases that ended for other hosts, by [confirmed]. */
	uint32_t in_use[2]; /* of hosts with a session that sent within POOL_SPARE */
	uint32_t idle[2];   /* of others, within the guarantee */
};

struct result {
	struct figures at[PLACES];
	size_t size, held;  /* addresses; leases within their guarantee before the storm */
	size_t of_storm;    /* the storm's leases at its end */
	uint64_t displaced; /* from its beginning to its end */
};

struct world;

/* Makes HOSTS hosts and a pool of one prefix of LEN bits, shortly after hour BEGINS of a day that
 * began without leases.  During the storms, which last LASTS, hosts arrive that were not active on
 * that day. */
struct world *world_new(uint32_t hosts, uint8_t len, int64_t begins, int64_t lasts);

/* Runs storms on W, continues for AFTER when they have ended, and stores the result.  W is used
 * up. */
void world_play(struct world *w, const struct storm storm[STORMS], int64_t after,
		struct result *out);

#endif
