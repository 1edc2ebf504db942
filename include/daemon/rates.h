/* rates - the packet and byte rates of the last seconds. */
#ifndef NAT64D_RATES_H
#define NAT64D_RATES_H

#include <stdint.h>

#include "daemon/report.h"

#define RATES_KEPT 64 /* number of samples, enough for more than a minute */

struct traffic { /* since the start */
	uint64_t packets[DIRS], bytes[DIRS];
};

struct rates { /* all zero at first */
	struct {
		int64_t at; /* ms */
		struct traffic total;
	} sample[RATES_KEPT];   /* a ring buffer */
	unsigned newest, taken; /* index of the newest sample; number of samples */
};

/* Per second, by direction. */
struct rate {
	double packets[DIRS], bytes[DIRS];
};

/* Returns the sum of all packets and bytes read, translated or not. */
struct traffic rates_total(const struct counters *c);

/* Stores TOTAL as a sample of the time NOW (ms, never going back).  Call it about once a second,
 * and first when nothing has been counted yet.  A sample less than half a second after the last one
 * is ignored, so that the ring always covers a minute. */
void rates_take(struct rates *r, int64_t now, const struct traffic *total);

/* Returns the rate over about the last MS milliseconds.  TOTAL are the current counts.  It uses the
 * newest sample that is at least MS old, or else the oldest sample, and divides by the time that
 * has really passed since.  Therefore it is also correct in the first minute and after a stall. */
struct rate rates_over(const struct rates *r, int64_t now, const struct traffic *total, int64_t ms);

#endif
