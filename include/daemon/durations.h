/* durations - a histogram of durations with fixed bounds. */
#ifndef NAT64D_DURATIONS_H
#define NAT64D_DURATIONS_H

#include <stdint.h>

#define DURATIONS 13 /* number of bounds */

/* Upper bounds in microseconds, three for each power of ten. */
static const int32_t durations_bound[DURATIONS] = {
	10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
};

struct durations {                 /* all zero at first */
	uint64_t n[DURATIONS + 1]; /* each duration is counted once: at the first bound that it does
				      not exceed, or after the last */
	uint64_t sum;              /* us */
};

/* Counts a duration of US microseconds.  The search begins with the smallest bound, because most
 * durations are short. */
static inline void durations_add(struct durations *h, int64_t us)
{
	unsigned i = 0;

	if (us < 0)
		us = 0;
	while (i < DURATIONS && us > durations_bound[i])
		i++;
	h->n[i]++;
	h->sum += (uint64_t)us;
}

#endif
