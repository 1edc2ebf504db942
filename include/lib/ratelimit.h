/* ratelimit - token buckets for the ICMP messages that we generate [4443-2.4f, 1812-4.3.2.8].
 *
 * There are several independent budgets, so that a flood that exhausts one does not affect the
 * others. Each budget has one bucket per destination network, in a keyed table of fixed size, and
 * one bucket for all networks together. */
#ifndef NAT64D_RATELIMIT_H
#define NAT64D_RATELIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/siphash.h"

#define RATELIMIT_BUDGETS 4

struct ratelimit_conf {               /* the same for each budget */
	uint32_t all_rate, all_burst; /* messages per second, and burst, over all networks */
	uint32_t net_rate, net_burst; /* the same for each destination network */
};

struct ratelimit;

/* Returns a table to be freed with ratelimit_free(); NULL without memory.  KEY must be secret and
 * random. */
struct ratelimit *ratelimit_new(const struct ratelimit_conf *conf, const struct siphash_key *key);
void ratelimit_free(struct ratelimit *t);

#define RATELIMIT_NET_MAX 8 /* bytes */

/* Returns true, and takes the tokens, if BUDGET allows a message to the network at NET (LEN bytes:
 * 4 for an IPv4 /32, 8 for an IPv6 /64) at NOW (milliseconds, never going back).  A rate of 0
 * allows none. */
bool ratelimit_take(struct ratelimit *t, unsigned budget, const void *net, size_t len, int64_t now);

#endif
