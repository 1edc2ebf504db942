/* generated - a translator with a random configuration, beside the model of it. */
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

/* The same SEED gives the same. */
void generated_open(struct generated *g, uint64_t seed);
void generated_close(struct generated *g);

/* The networks that M allows and denies, sealed; NULL: it says nothing about that. */
struct lpm *generated_allow(const struct model *m);
struct lpm *generated_deny(const struct model *m);

/* A pool of M's ranges, for those for whom they are, of which nothing is reserved yet. */
struct pool *generated_pool(const struct model *m, const struct siphash_key *key);

/* Some time goes by, or much, and new leases may be forbidden from now on, or allowed again. */
void generated_pass_time(struct generated *g);

#endif
