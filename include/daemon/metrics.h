/* metrics - the metrics for monitoring systems, in the text format of Prometheus [0.0.4] or
 * OpenMetrics [1.0]. */
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

#define METRICS_END "# EOF\n" /* ends both formats; without it the output is incomplete */

struct metrics {
	bool openmetrics; /* OpenMetrics instead of the Prometheus format */
	const char *version;
	int64_t start; /* unix time when translation began */
	const struct counters *counters;
	const struct durations *loop;
	bool link_up, fast_path, draining;
	uint64_t reloads_done, reloads_refused;

	bool keeps_leases; /* leases are kept in a file, which the next two describe */
	uint64_t lease_errors;
	int64_t lease_age; /* s */

	size_t pools;
	/* Sets OUT to pool range number I.  If TEXT, of ADDR_TEXT bytes, is not NULL, sets it to
	 * the range as a prefix. */
	void (*pool)(const void *arg, size_t i, char *text, struct pool_range *out);
	const void *arg;
};

/* Appends a limited part of the metrics and advances *CURSOR, which must be 0 at first.  False at
 * the end. */
bool metrics_add(const struct metrics *m, struct answer *a, size_t *cursor);

/* Appends the metrics of a daemon that does not answer. */
void metrics_down(struct answer *a, bool openmetrics);

#endif
