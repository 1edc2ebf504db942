/* poolwatch - when the operator is to hear that a dynamic pool gets full, or is. */
#ifndef NAT64D_POOLWATCH_H
#define NAT64D_POOLWATCH_H

#include <stddef.h>
#include <stdint.h>

#define POOLWATCH_LINE 400 /* room for a line */

struct poolwatch {       /* all zero at first */
	int64_t high_at; /* ms: not before that is said that it gets full; 0: at once */
	int64_t full_at; /* likewise that it is full */
	uint64_t said;   /* refusals that have been told of */
};

struct poolwatch_look {
	size_t used, size; /* addresses that are leased, and of how many */
	uint64_t refused;  /* packets of hosts without a lease, since the start */
};

/* A warning about the pool NAME in LINE, or NULL; it is NOW (ms, never going back).  Refusals are
 * told of at once and then each hour in which there were any; that 80 % are leased likewise, until
 * less than 75 % are. */
const char *poolwatch_look(struct poolwatch *w, const char *name, const struct poolwatch_look *is,
			   int64_t now, char line[POOLWATCH_LINE]);

#endif
