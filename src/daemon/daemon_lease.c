/* daemon_lease - decides when the leases go to their file, and what the log says of those that
 * begin and end and of their pool. */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "daemon/datadir.h"

/* Lines about leases, in a second and at once: as a record they should be complete, and a line
 * takes but some microseconds. */
#define LEASE_LINES   1000
#define EXPIRE_BUDGET 1000 /* leases ended per round of maintenance */

/* All that begins or ends comes by here.  L is of a pool whose prefixes are those of MAPS. */
static void tell(struct daemon *d, const struct map_table *maps, const struct lease *l,
		 enum lease_cause cause)
{
	struct lease_event e = {
		.cause = cause,
		.addr = l->addr,
		.host = l->host,
		.packets = l->packets[DIR_6TO4] + l->packets[DIR_4TO6],
		.bytes = l->bytes[DIR_6TO4] + l->bytes[DIR_4TO6],
	};
	char text[LEASEEVENT_TEXT];

	if (!(d->active->log & CLASS_LEASE) || !log_limit_take(&d->leases.log, d->now))
		return;
	if (l->prefix < map_prefix_count(maps))
		e.prefix = *map_prefix_at(maps, l->prefix);
	leaseevent_format(text, &e);
	log_notice("lease %s", text);
}

void daemon_lease_began(struct daemon *d, const struct lease *l, enum lease_cause cause)
{
	tell(d, d->active->conf->maps, l, cause);
}

void daemon_lease_removed(struct daemon *d, const struct map_table *maps, const struct lease *l,
			  enum lease_cause cause)
{
	tell(d, maps, l, cause);
}

int64_t daemon_unix_time(const struct daemon *d, int32_t t)
{
	return t + (d->leases.file ? leasefile_base(d->leases.file) : d->leases.base);
}

static void mind_clock(struct daemon *d)
{
	int64_t base = clock_wall() - daemon_seconds(d);

	if (base > d->leases.base + LEASEFILE_STEP || base < d->leases.base - LEASEFILE_STEP)
		d->leases.base = base;
}

static void end_idle(void *arg, const struct lease *l)
{
	daemon_lease_ended(arg, l, LEASE_IDLE);
}

static void say_news(struct daemon *d)
{
	const char *line;
	bool bad;

	while ((line = leasefile_news(d->leases.file, &bad)))
		if (bad)
			log_error("%s", line);
		else
			log_notice("%s", line);
}

int daemon_open_leases(struct daemon *d, struct siphash_key *key)
{
	const struct conf *c = d->active->conf;
	struct pool *pool = d->active->pool;
	const char *dir = c->data_dir, *name;
	char err[LEASEFILE_ERR], text[CONF_SHORT];

	d->leases.log = (struct log_limit){.rate = LEASE_LINES, .burst = LEASE_LINES};
	mind_clock(d);
	if (!dir || !pool)
		return 0;
	name = conf_short(text, dir);
	d->leases.file = leasefile_open(d->opt->chroot ? "/" : dir, name, err, sizeof(err));
	if (!d->leases.file)
		return datadir_complain(c, "%s", err);
	leasefile_key(d->leases.file, key, log_say_warning, NULL);
	pool_set_secret(pool, key);
	if (leasefile_load(d->leases.file, pool, c->maps, &c->xlat.own6, daemon_seconds(d),
			   clock_wall(), log_say_warning, end_idle, d) < 0)
		return datadir_complain(c, "%s/" LEASEFILE_NAME ": %s", name, strerror(errno));
	return 0;
}

int daemon_start_leases(struct daemon *d)
{
	const struct conf *c = d->active->conf;
	char text[CONF_SHORT];
	const char *dir;
	int err;

	if (!d->leases.file || leasefile_start(d->leases.file) == 0)
		return 0;
	err = errno;
	dir = conf_short(text, c->data_dir);
	if (err == EACCES || err == EPERM || err == EROFS)
		return datadir_complain(
			c, "%s: %s (the user that nat64d runs as must be able to write there)", dir,
			strerror(err));
	return datadir_complain(c, "%s: the process that syncs the leases cannot be started: %s",
				dir, strerror(err));
}

void daemon_close_leases(struct daemon *d)
{
	const struct active *a = d->active;
	char text[CONF_SHORT];

	if (!d->leases.file)
		return;
	if (leasefile_close(d->leases.file, a->pool, a->conf->maps, daemon_seconds(d),
			    clock_wall()) < 0)
		datadir_complain(a->conf, "%s: the lease file was not rewritten: %s",
				 conf_short(text, a->conf->data_dir), strerror(errno));
}

/* L, which is new, may have taken the place of another. */
static void begin(struct daemon *d, const struct lease *l)
{
	struct lease before;

	if (pool_ended(d->active->pool, &before))
		daemon_lease_ended(d, &before, LEASE_FULL);
	daemon_lease_began(d, l, LEASE_NEW);
}

void daemon_record_lease(struct daemon *d, struct lease *l)
{
	if (!l->on_record)
		begin(d, l);
	if (d->leases.file)
		leasefile_append(d->leases.file, l, daemon_seconds(d));
	else
		pool_record(l, daemon_seconds(d));
	d->leases.recorded = d->leases.file != NULL;
}

void daemon_commit_leases(struct daemon *d)
{
	if (!d->leases.recorded)
		return;
	if (leasefile_commit(d->leases.file) < 0)
		say_news(d);
	d->leases.recorded = false;
}

void daemon_serve_leases(struct daemon *d)
{
	const struct active *a = d->active;

	if (!d->leases.file)
		return;
	d->leases.file_at = d->now + leasefile_maintain(d->leases.file, a->pool, a->conf->maps,
							daemon_seconds(d), clock_wall());
	say_news(d);
}

int64_t daemon_leases_due(const struct daemon *d)
{
	return d->leases.file ? d->leases.file_at : INT64_MAX;
}

/* Ends leases that nobody has used for long. */
static void expire(struct daemon *d)
{
	struct pool *p = d->active->pool;
	struct lease l;

	for (int i = 0; i < EXPIRE_BUDGET && pool_expire(p, daemon_seconds(d), 1) > 0; i++)
		if (pool_ended(p, &l))
			end_idle(d, &l);
}

/* Warns if the pool gets full, or is. */
static void watch_pool(struct daemon *d)
{
	const struct pool *p = d->active->pool;
	const struct counters *c = &d->counters;
	uint64_t refused =
		c->reason[DIR_4TO6][REASON_POOL_FULL] + c->reason[DIR_6TO4][REASON_POOL_FULL];
	char line[POOLWATCH_LINE];

	if (poolwatch_look(&d->leases.watch, pool_used(p), pool_size(p), refused, d->now, line))
		log_warning("%s", line);
}

void daemon_maintain_leases(struct daemon *d)
{
	unsigned long suppressed = log_limit_suppressed(&d->leases.log);

	mind_clock(d);
	if (suppressed > 0)
		log_notice("%lu lines about leases suppressed", suppressed);
	if (!d->active->pool)
		return;
	expire(d);
	watch_pool(d);
}
