/* ratelimit - token buckets for the ICMP messages we generate [4443-2.4f, 1812-4.3.2.8].
 *
 * There are several budgets, so that a flood that uses up one of them leaves the others alone. Each
 * has one bucket per answered network, out of a bounded keyed table, and one over all networks.
 * Memory does not grow, whoever sends. */
#ifndef NAT64D_RATELIMIT_H
#define NAT64D_RATELIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/siphash.h"

#define RATELIMIT_BUDGETS 4

struct ratelimit_conf {               /* of each budget */
	uint32_t all_rate, all_burst; /* messages per second over all, and at once */
	uint32_t net_rate, net_burst; /* the same per answered network */
};

struct ratelimit;

/* A table given back with ratelimit_free(); KEY secret and random; NULL without memory. */
struct ratelimit *ratelimit_new(const struct ratelimit_conf *conf, const struct siphash_key *key);
void ratelimit_free(struct ratelimit *t);

#define RATELIMIT_NET_MAX 8 /* bytes */

/* May one message out of BUDGET go to the network at NET (LEN bytes: 4 for an IPv4 /32, 8 for an
 * IPv6 /64) at NOW (milliseconds, never going back)?  Takes the tokens if so.  A rate of 0 means
 * never. */
bool ratelimit_take(struct ratelimit *t, unsigned budget, const void *net, size_t len, int64_t now);

#endif
