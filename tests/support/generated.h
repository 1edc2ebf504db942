/* generated - a translator with a random configuration, and the model of it. */
#ifndef NAT64D_TESTS_GENERATED_H
#define NAT64D_TESTS_GENERATED_H

#include "support/generate.h"

struct generated {
	struct xlat_conf conf;
	struct model model;
	struct map_table *maps;
	struct lpm *translatable, *routes, *allow, *deny;
	struct xlat x;
	int64_t now; /* ms */
};

/* The same SEED gives the same translator. */
void generated_open(struct generated *g, uint64_t seed);
void generated_close(struct generated *g);

/* Return the networks that M allows and denies, sealed; NULL: M has no such rule. */
struct lpm *generated_allow(const struct model *m);
struct lpm *generated_deny(const struct model *m);

/* Returns a pool of M's ranges for the hosts that they serve, without reservations. */
struct pool *generated_pool(const struct model *m, const struct siphash_key *key);

/* Advances the time by little or much, and sometimes forbids or allows new leases. */
void generated_pass_time(struct generated *g);

#endif
