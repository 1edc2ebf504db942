/* poolwatch - when the operator is to hear that the dynamic pool gets full, or is. */
#ifndef NAT64D_POOLWATCH_H
#define NAT64D_POOLWATCH_H

#include <stddef.h>
#include <stdint.h>

#define POOLWATCH_LINE 200 /* room for a line */

struct poolwatch {       /* all zero at first */
	int64_t high_at; /* ms: not before that is said that it gets full; 0: at once */
	int64_t full_at; /* likewise that it is full */
	uint64_t said;   /* refusals that have been told of */
};

/* A warning in LINE, or NULL.  USED of SIZE addresses are leased, REFUSED packets of hosts without
 * a lease were refused since the start, and it is NOW (ms, never going back).  Refusals are told of
 * at once and then each hour in which there were any; that 80 % are leased likewise, until less
 * than 75 % are. */
const char *poolwatch_look(struct poolwatch *w, size_t used, size_t size, uint64_t refused,
			   int64_t now, char line[POOLWATCH_LINE]);

#endif
