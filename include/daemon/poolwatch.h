/* poolwatch - decides when to warn that a dynamic pool is full or almost full. */
#ifndef NAT64D_POOLWATCH_H
#define NAT64D_POOLWATCH_H

#include <stddef.h>
#include <stdint.h>

#define POOLWATCH_LINE 400 /* room for a line */

struct poolwatch {       /* all zero at first */
	int64_t high_at; /* ms: no warning that it is almost full before this time; 0: no limit */
	int64_t full_at; /* the same for the warning that it is full */
	uint64_t said;   /* number of refusals that were already reported */
};

struct poolwatch_look {
	size_t used, size; /* leased addresses, and all addresses */
	uint64_t refused;  /* packets of hosts that got no lease, since the start */
};

/* Returns a warning about the pool NAME, written to LINE, or NULL.  NOW is in ms and never goes
 * back.  The first refusals are reported at once, further ones once an hour.  The same applies to a
 * pool of which at least 80 % is leased; this warning can be repeated only after less than 75 % was
 * leased. */
const char *poolwatch_look(struct poolwatch *w, const char *name, const struct poolwatch_look *is,
			   int64_t now, char line[POOLWATCH_LINE]);

#endif
