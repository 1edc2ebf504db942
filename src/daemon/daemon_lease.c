/* daemon_lease - decides what the log says of leases that begin and end, and of their pool. */
#include "lib/addr_text.h"
#include "daemon.h"

static void say(struct daemon *d, const struct lease *l, const char *what, const char *cause)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (!(d->conf->log & CLASS_LEASE) || !log_limit_take(&d->lease_log, d->now))
		return;
	log_notice("lease %s %s %s%s", addr_text4(a, l->addr), addr_text6(b, &l->host), what,
		   cause);
}

void daemon_lease_assigned(struct daemon *d, const struct lease *l)
{
	struct lease before;

	if (pool_ended(d->pool, &before))
		daemon_lease_ended(d, &before, "taken-back");
	say(d, l, "assigned", "");
}

void daemon_lease_ended(struct daemon *d, const struct lease *l, const char *cause)
{
	say(d, l, "ended ", cause);
}

void daemon_lease_expired(void *arg, const struct lease *l)
{
	daemon_lease_ended(arg, l, "expired");
}

void daemon_expire_leases(struct daemon *d, unsigned budget)
{
	struct lease l;

	for (; budget > 0 && pool_expire(d->pool, daemon_seconds(d), 1) > 0; budget--)
		if (pool_ended(d->pool, &l))
			daemon_lease_expired(d, &l);
}

void daemon_watch_pool(struct daemon *d)
{
	const struct counters *c = &d->counters;
	uint64_t refused =
		c->reason[DIR_4TO6][REASON_POOL_FULL] + c->reason[DIR_6TO4][REASON_POOL_FULL];
	char line[POOLWATCH_LINE];

	if (poolwatch_look(&d->poolwatch, pool_used(d->pool), pool_size(d->pool), refused, d->now,
			   line))
		log_warning("%s", line);
}
