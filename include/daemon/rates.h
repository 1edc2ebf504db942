/* rates - how much has passed in the last second, ten seconds and minute, out of a look at the
 * counters once a second. */
#ifndef NAT64D_RATES_H
#define NAT64D_RATES_H

#include <stdint.h>

#include "daemon/report.h"

#define RATES_KEPT 64 /* samples: more than a minute of them */

struct traffic { /* since the start */
	uint64_t packets[DIRS], bytes[DIRS];
};

struct rates { /* all zero at first */
	struct {
		int64_t at; /* ms */
		struct traffic total;
	} sample[RATES_KEPT];   /* a ring */
	unsigned newest, taken; /* where the last one is; how many there are */
};

/* Per second, by direction. */
struct rate {
	double packets[DIRS], bytes[DIRS];
};

/* All that has come, translated or not. */
struct traffic rates_total(const struct counters *c);

/* Keeps TOTAL as what there was at NOW (ms, never going back); to be called about once a second,
 * the first time when nothing has come yet.  Less than half a second after the last one it is left
 * out, so that the ring always reaches back a minute. */
void rates_take(struct rates *r, int64_t now, const struct traffic *total);

/* The rate from MS ago, or a little earlier, until NOW, when there is TOTAL.  It goes by the
 * youngest sample that is as old as MS, or by the oldest of all, and by the time that has really
 * passed since: it is right in the first minute and after a stall as well. */
struct rate rates_over(const struct rates *r, int64_t now, const struct traffic *total, int64_t ms);

#endif
