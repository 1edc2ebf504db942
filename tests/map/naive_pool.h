/* naive_pool - the rules of the pool over lists that are searched from end to end. */
#ifndef NAT64D_NAIVE_POOL_H
#define NAT64D_NAIVE_POOL_H

#include "map/pool.h"

#define NAIVE_HOSTS 400
#define NAIVE_NETS  (3 * NAIVE_HOSTS + 3)
#define NAIVE_ADDRS 1024
#define NAIVE_POOLS 4

struct naive_lease {
	struct ip6 host;
	uint32_t addr;
	int32_t last, since;
	uint64_t stamp; /* when it was used last, in turns */
	bool live, answered, confirmed;
	int net; /* of the last level */
};

/* A network; -1 stands for all of a group, and where a parent is meant for those that are known, as
 * -2 does for strangers. */
struct naive_net {
	bool live;
	struct ip6 prefix;
	uint8_t len;
	int group, level, parent;
	unsigned number;  /* among its siblings */
	uint64_t came[2]; /* when the count of unconfirmed and of confirmed leases changed */
};

struct naive {
	struct pool_conf conf[NAIVE_POOLS];
	size_t confs;
	struct siphash_key key;                /* of pool_new() */
	struct naive_lease lease[NAIVE_HOSTS]; /* by host */
	struct naive_net net[NAIVE_NETS];
	bool reserved[NAIVE_POOLS][NAIVE_ADDRS]; /* by range and place in it */
	uint64_t refused, displaced;
	uint64_t turn;
	size_t expiring; /* the range whose group is to expire next */
};

void naive_init(struct naive *m, const struct pool_conf *conf, size_t n,
		const struct siphash_key *key);

/* The number of the range of ADDR, or that of the first one for HOST: its group; or -1. */
int naive_range(const struct naive *m, uint32_t addr);
int naive_group(const struct naive *m, const struct ip6 *host);

bool naive_reserved(const struct naive *m, uint32_t addr);
size_t naive_size(const struct naive *m, int group);
struct naive_lease *naive_at(struct naive *m, uint32_t addr);

/* Leases in network I; and of its group for -1; confirmed ones alone, or all. */
size_t naive_held(const struct naive *m, int group, int i, bool confirmed);
size_t naive_siblings(const struct naive *m, int i);
size_t naive_share(const struct naive *m, int i);

/* Host N wants a lease: false, or the one that ends for it in ENDS, or NULL. */
bool naive_room(struct naive *m, unsigned n, int32_t now, struct naive_lease **ends);

/* The longest idle lease of GROUP. */
struct naive_lease *naive_oldest(struct naive *m, int group);

/* What happens to a lease; ADDR is what the pool has chosen. */
void naive_begin(struct naive *m, unsigned n, uint32_t addr, int32_t last, int32_t since);
void naive_end(struct naive *m, struct naive_lease *l);
void naive_send(struct naive *m, struct naive_lease *l, int32_t now);

/* The order of last use, after leases were put back. */
void naive_sort(struct naive *m);

#endif
