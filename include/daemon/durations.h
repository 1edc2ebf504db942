/* durations - how often something took how long: a histogram with fixed bounds. */
#ifndef NAT64D_DURATIONS_H
#define NAT64D_DURATIONS_H

#include <stdint.h>

#define DURATIONS 13 /* bounds */

/* Microseconds, in three steps for each power of ten. */
static const int32_t durations_bound[DURATIONS] = {
	10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
};

struct durations {                 /* all zero at first */
	uint64_t n[DURATIONS + 1]; /* each is counted once: by the first bound that it does not
				      exceed, or behind the last */
	uint64_t sum;              /* us */
};

/* Once more something has taken US microseconds.  Short ones are found first. */
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
