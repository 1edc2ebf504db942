/* waits - statistics of how long hosts waited. */
#ifndef NAT64D_TESTS_WAITS_H
#define NAT64D_TESTS_WAITS_H

#include <stddef.h>
#include <stdint.h>

struct waits {
	int64_t *wait;
	size_t n, room;
};

void waits_add(struct waits *ws, int64_t wait);

/* Returns the waiting time that PERCENT of all do not exceed; 0 if there are none.  Sorts them. */
int64_t waits_of(struct waits *ws, unsigned percent);

#endif
