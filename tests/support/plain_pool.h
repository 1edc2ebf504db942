/* plain_pool - a pool for all hosts. */
#ifndef NAT64D_PLAIN_POOL_H
#define NAT64D_PLAIN_POOL_H

#include <stdlib.h>

#include "map/pool.h"

/* Like pool_new(), for the N ranges at RANGE. */
static inline struct pool *plain_pool(const struct prefix4 *range, size_t n,
				      const struct siphash_key *key)
{
	struct pool_conf *conf = calloc(n + 1, sizeof(*conf));
	struct pool *p;

	if (!conf)
		return NULL;
	for (size_t i = 0; i < n; i++)
		conf[i] = pool_plain(range[i]);
	p = pool_new(conf, n, key);
	free(conf);
	return p;
}

#endif
