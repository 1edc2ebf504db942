/* bucket - token buckets for the ICMP messages we generate [4443-2.4f, 1812-4.3.2.8].
 *
 * There are several budgets, so that a flood that uses up one of them leaves the others alone. Each
 * has one bucket per answered network, out of a bounded keyed table, and one over all networks.
 * Memory does not grow, whoever sends. */
#ifndef NAT64D_BUCKET_H
#define NAT64D_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/siphash.h"

#define BUCKET_BUDGETS 4

struct bucket_conf {                  /* of each budget */
	uint32_t all_rate, all_burst; /* messages per second over all, and at once */
	uint32_t net_rate, net_burst; /* the same per answered network */
};

struct bucket_table;

/* A table given back with bucket_free(); KEY secret and random; NULL without memory. */
struct bucket_table *bucket_new(const struct bucket_conf *conf, const struct siphash_key *key);
void bucket_free(struct bucket_table *t);

#define BUCKET_NET_MAX 8 /* bytes */

/* May one message out of BUDGET go to the network at NET (LEN bytes: 4 for an IPv4 /32, 8 for an
 * IPv6 /64) at NOW (milliseconds, never going back)?  Takes the tokens if so.  A rate of 0 means
 * never. */
bool bucket_take(struct bucket_table *t, unsigned budget, const void *net, size_t len, int64_t now);

#endif
