/* naive_pool - the rules of the pool, implemented with lists that are searched linearly. */
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
	uint64_t stamp; /* turn of the last use */
	bool live, answered, confirmed;
	int net; /* in the last level */
};

/* A network.  -1 stands for the whole group or, as a parent, for the known networks; -2 for
 * strangers. */
struct naive_net {
	bool live;
	struct ip6 prefix;
	uint8_t len;
	int group, level, parent;
	unsigned number;  /* among its siblings */
	uint64_t came[2]; /* when the number of unconfirmed, and of confirmed leases changed */
};

struct naive {
	struct pool_conf conf[NAIVE_POOLS];
	size_t confs;
	struct siphash_key key;                /* the key passed to pool_new() */
	struct naive_lease lease[NAIVE_HOSTS]; /* indexed by host */
	struct naive_net net[NAIVE_NETS];
	bool reserved[NAIVE_POOLS][NAIVE_ADDRS]; /* by range and position in it */
	uint64_t refused, displaced;
	uint64_t turn;
	size_t expiring; /* the range whose group expires next */
};

void naive_init(struct naive *m, const struct pool_conf *conf, size_t n,
		const struct siphash_key *key);

/* Return the index of the range of ADDR, and of the first range from which HOST gets leases, which
 * identifies its group; or -1. */
int naive_range(const struct naive *m, uint32_t addr);
int naive_group(const struct naive *m, const struct ip6 *host);

/* Returns the group of range I: the first range for the same hosts that stands by if I does. */
int naive_group_of_range(const struct naive *m, size_t i);

bool naive_reserved(const struct naive *m, uint32_t addr);
size_t naive_size(const struct naive *m, int group);
struct naive_lease *naive_at(struct naive *m, uint32_t addr);

/* Return the leases in network I, or in its whole group for -1 (only confirmed ones, or all), and
 * the number of I's siblings. */
size_t naive_held(const struct naive *m, int group, int i, bool confirmed);
size_t naive_siblings(const struct naive *m, int i);
size_t naive_share(const struct naive *m, int i);

/* Host N needs a lease.  Returns false if there is no room; otherwise stores the lease that ends
 * for it, or NULL, in ENDS. */
bool naive_room(struct naive *m, unsigned n, int32_t now, struct naive_lease **ends);

/* Returns the longest idle lease of GROUP. */
struct naive_lease *naive_oldest(struct naive *m, int group);

/* Events of a lease; ADDR is the pool's choice. */
void naive_begin(struct naive *m, unsigned n, uint32_t addr, int32_t last, int32_t since);
void naive_end(struct naive *m, struct naive_lease *l);
void naive_send(struct naive *m, struct naive_lease *l, int32_t now);

/* Sorts by last use, after leases were restored. */
void naive_sort(struct naive *m);

#endif
