/* command_metrics - answers `metrics`: collects the values. */
#include <string.h>

#include "commands.h"
#include "daemon/metrics.h"

/* The epoch of an answer holds the generation of the configuration and this bit for the format. */
#define OPENMETRICS 1UL

static void get_pool(const void *arg, size_t i, char *text, struct pool_range *out)
{
	const struct daemon *d = arg;

	pool_range(d->active->pool, i, out);
	if (text)
		command_range(d, i, text);
}

static int64_t lease_age(const struct daemon *d)
{
	int64_t age = d->leases.file ? clock_wall() - leasefile_written(d->leases.file) : 0;

	return age > 0 ? age : 0;
}

static bool add_some(const struct daemon *d, struct answer *a)
{
	struct metrics m = {
		.openmetrics = a->epoch & OPENMETRICS,
		.version = PACKAGE_VERSION,
		.start = command_since(d),
		.counters = &d->counters,
		.loop = &d->busy,
		.link_up = tun_is_up(d->tun),
		.fast_path = d->fast != NULL,
		.draining = d->xlat.draining,
		.reloads_done = d->reload.done,
		.reloads_refused = d->reload.refused,
		.keeps_leases = d->leases.file != NULL,
		.lease_errors = d->leases.file ? leasefile_errors(d->leases.file) : 0,
		.lease_age = lease_age(d),
		.pools = command_pools(d),
		.pool = get_pool,
		.arg = d,
	};

	return metrics_add(&m, a, &a->cursor);
}

/* After a reload the pools may be different.  The answer then ends without its last line, and the
 * client starts again. */
static bool more_metrics(void *arg, struct answer *a)
{
	const struct daemon *d = arg;

	if (a->epoch / 2 != d->reload.changes)
		return false;
	return add_some(d, a);
}

void command_metrics(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	bool open = r->words > 1;

	if (r->json || (open && strcmp(r->word[1], "--openmetrics") != 0)) {
		answer_add(a, "usage metrics [--openmetrics]\n");
		return;
	}
	daemon_count_fast(d);
	answer_add(a, "ok\n");
	a->epoch = d->reload.changes * 2 + open;
	if (add_some(d, a))
		a->more = more_metrics;
}
