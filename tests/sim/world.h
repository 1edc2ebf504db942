/* world - a pool, a crowd and storms before it, and what becomes of the hosts of the crowd. */
#ifndef NAT64D_TESTS_WORLD_H
#define NAT64D_TESTS_WORLD_H

#include "crowd.h"
#include "events.h"
#include "storm.h"

enum where {
	ELSEWHERE,
	SAME_NETWORK, /* as a storm's sources */
	PLACES
};

struct figures {
	uint32_t newcomers; /* hosts that began a session without a lease during the storm */
	uint32_t refused;   /* among them: what they sent first was lost */
	uint32_t late;      /* not served within a second */
	uint32_t never;     /* as long as they were watched */
	int64_t median, most_of_all, longest; /* waited, 50 %, 99 %, 100 % */
	/* Leases that others took, by [confirmed]. */
	uint32_t in_use[2]; /* of hosts with a session that were heard of within POOL_SPARE */
	uint32_t idle[2];   /* of others, within the guarantee */
};

struct result {
	struct figures at[PLACES];
	size_t size, held;  /* addresses; leases within their guarantee before the storm */
	size_t of_storm;    /* leases at its end */
	uint64_t displaced; /* from its beginning to its end */
};

struct world;

/* HOSTS hosts and one pool of a prefix of LEN bits, a little past hour BEGINS of a day that they
 * began without leases. While the storms last, from then on for LASTS, hosts come that have not
 * been there that day. */
struct world *world_new(uint32_t hosts, uint8_t len, int64_t begins, int64_t lasts);

/* Storms come over W, which is watched for AFTER once they have ended, and is done with then. */
void world_play(struct world *w, const struct storm storm[STORMS], int64_t after,
		struct result *out);

#endif
