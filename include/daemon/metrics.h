/* metrics - what a monitoring system reads: the text format of Prometheus [0.0.4], and OpenMetrics
 * [1.0]. */
#ifndef NAT64D_METRICS_H
#define NAT64D_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/answer.h"
#include "daemon/durations.h"
#include "daemon/report.h"
#include "lib/addr_text.h"
#include "map/pool.h"

#define METRICS_END "# EOF\n" /* the last line of both formats: without it something is missing */

struct metrics {
	bool openmetrics; /* not the format of Prometheus */
	const char *version;
	int64_t start; /* unix time: when it began to translate */
	const struct counters *counters;
	const struct durations *loop;
	bool link_up, fast_path, draining;
	uint64_t reloads_done, reloads_refused;

	bool keeps_leases; /* in a file, of which the next two are */
	uint64_t lease_errors;
	int64_t lease_age; /* s */

	size_t pools;
	/* Number I of them, as it is, and in TEXT, of ADDR_TEXT bytes, if it is not NULL, as a
	 * prefix. */
	void (*pool)(const void *arg, size_t i, char *text, struct pool_range *out);
	const void *arg;
};

/* Adds as much as is good to produce at a time, and moves *CURSOR, which is 0 at first, behind it.
 * False: that was the end. */
bool metrics_add(const struct metrics *m, struct answer *a, size_t *cursor);

/* All that can be told of a daemon that does not answer. */
void metrics_down(struct answer *a, bool openmetrics);

#endif
