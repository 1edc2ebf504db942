/* storm - sources that nobody, or somebody else, has. */
#ifndef NAT64D_TESTS_STORM_H
#define NAT64D_TESTS_STORM_H

#include "crowd.h"

/* Where the sources of a storm lie. */
enum scope {
	HOME64,       /* the /64 of a home of the crowd */
	CONFERENCE64, /* the /64 of the conference */
	OFFICE48,     /* the /48 of an office */
	OWN64,        /* a /64 or a /48 in which nobody else is */
	OWN48,
	ANY, /* 2000::/3 */
};

struct storm {
	enum scope scope;
	unsigned rate; /* new sources a second; 0: no storm */
	bool answered; /* does what it sends get an answer? */
	/* A spoofer that sends once more from each source, a second later, without having seen an
	 * answer; who keeps goes on with that every half a minute. */
	bool repeats, keeps;
};

#define STORMS 3 /* at most, together */

/* Another source of SCOPE, which no host of C has. */
struct ip6 storm_source(const struct crowd *c, enum scope scope);

/* Is HOST in the network that one of STORM has its sources of?  2000::/3 is none. */
bool storm_is_of_network(const struct storm storm[STORMS], const struct crowd *c,
			 const struct ip6 *host);

#endif
