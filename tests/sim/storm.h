/* storm - packets with source addresses that belong to no host or to another host. */
#ifndef NAT64D_TESTS_STORM_H
#define NAT64D_TESTS_STORM_H

#include "crowd.h"

/* The network of a storm's sources. */
enum scope {
	HOME64,       /* the /64 of a home of the crowd */
	CONFERENCE64, /* the /64 of the conference */
	OFFICE48,     /* the /48 of an office */
	OWN64,        /* a /64 or /48 without other hosts */
	OWN48,
	ANY, /* 2000::/3 */
};

struct storm {
	enum scope scope;
	unsigned rate; /* new sources per second; 0: no storm */
	bool answered; /* its packets get an answer */
	/* The storm sends once more from each source a second later, without having seen an answer;
	 * with KEEPS it repeats that every half minute. */
	bool repeats, keeps;
};

#define STORMS 3 /* maximum at the same time */

/* Returns a new source of SCOPE that no host of C has. */
struct ip6 storm_source(const struct crowd *c, enum scope scope);

/* Returns true if HOST is in the network of the sources of one of STORM; 2000::/3 does not
 * count. */
bool storm_is_of_network(const struct storm storm[STORMS], const struct crowd *c,
			 const struct ip6 *host);

#endif
