/* daemon_lease - records leases in their file, and reports their beginning and end to the log, the
 * history and `watch`. */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "daemon/datadir.h"

/* Lines about leases per second, and in a burst.  The limit is high because the lines serve as a
 * record, and each takes only some microseconds. */
#define LEASE_LINES   1000
#define EXPIRE_BUDGET 1000   /* maximum leases to end in one round of maintenance */
#define STEP_US       500000 /* larger than the time between reads of two clocks */
#define QUEUE_MS      20     /* interval of checks for room in the history */
#define DISPLACING    100    /* displacing leases per second that are recorded at once */
#define TELL_AFTER    3600   /* seconds of use after which `watch` is told about a lease again */
#define PUT_OFF_MS    60000  /* interval of log lines about leases that were put off */

/* The offset between the clocks changes only when the time of day is set.  Otherwise rounding would
 * sometimes change the shown time of an event by a second. */
static void mind_clock(struct daemon *d)
{
	int64_t wall = clock_wall_us() - clock_us();

	if (d->leases.wall_us == 0)
		d->leases.phase = wall / 1000 % 1000;
	if (wall > d->leases.wall_us + STEP_US || wall < d->leases.wall_us - STEP_US)
		d->leases.wall_us = wall;
}

/* The seconds of both clocks begin at the same time, until the time of day is set. */
int64_t daemon_unix_time(const struct daemon *d, int32_t t)
{
	int64_t base = d->leases.wall_us - d->leases.phase * 1000;

	return t == POOL_UNKNOWN ? 0 : t + (base + 500000) / 1000000;
}

static int64_t unix_now(const struct daemon *d)
{
	return daemon_unix_time(d, daemon_seconds(d));
}

static void to_log(struct daemon *d, const struct lease_event *e)
{
	char line[LEASEEVENT_MAX];
	size_t n;

	if (!(d->active->log & CLASS_LEASE) || !log_limit_take(&d->leases.log, d->now))
		return;
	n = leaseevent_format(line, e);
	log_notice("lease %.*s", (int)n - LEASEEVENT_TIME - 2, line + LEASEEVENT_TIME + 1);
}

/* During a burst, no memory is allocated. */
static void to_history(struct daemon *d, const struct lease_event *e)
{
	struct leaselog *history = d->leases.history;

	if (!history || !leaselog_wanted(history))
		return;
	if (e->cause == LEASE_NEW || e->cause == LEASE_FULL)
		leaselog_put(history, e);
	else
		leaselog_put_many(history, e);
	if (e->cause == LEASE_RELEASE || e->cause == LEASE_PIN)
		leaselog_commit(history);
}

static void to_watchers(const struct daemon *d, const struct lease_event *e, const struct lease *l)
{
	char text[LEASEEVENT_MAX], use[LEASEEVENT_MAX] = "";

	if (!daemon_is_watched(d))
		return;
	if (leaseevent_begins(e->cause))
		leaseevent_use_json(use, e->since, daemon_unix_time(d, l->last), l->confirmed);
	daemon_watch(d, leaseevent_what(e->cause), "%s%s", leaseevent_json(text, e), use);
}

/* L belongs to a pool whose prefixes are those of MAPS. */
static struct lease_event event_of(const struct daemon *d, const struct map_table *maps,
				   const struct lease *l, enum lease_cause cause)
{
	struct lease_event e = {
		.at = unix_now(d),
		.cause = cause,
		.addr = l->addr,
		.host = l->host,
		.packets = l->packets[DIR_6TO4] + l->packets[DIR_4TO6],
		.bytes = l->bytes[DIR_6TO4] + l->bytes[DIR_4TO6],
		.since = daemon_unix_time(d, l->since),
	};
	if (l->prefix < map_prefix_count(maps))
		e.prefix = *map_prefix_at(maps, l->prefix);
	return e;
}

/* Reports each beginning and end. */
static void tell(struct daemon *d, const struct map_table *maps, const struct lease *l,
		 enum lease_cause cause)
{
	struct lease_event e = event_of(d, maps, l, cause);

	to_history(d, &e);
	to_log(d, &e);
	to_watchers(d, &e, l);
}

/* Reports to `watch` that L was used; nothing else keeps such events. */
static void tell_use(const struct daemon *d, const char *event, const struct lease *l)
{
	char who[LEASEEVENT_MAX], use[LEASEEVENT_MAX];
	struct lease_event e;

	if (!daemon_is_watched(d))
		return;
	e = event_of(d, d->active->conf->maps, l, LEASE_NEW);
	daemon_watch(d, event, "%s%s", leaseevent_who_json(who, &e),
		     leaseevent_use_json(use, e.since, daemon_unix_time(d, l->last), l->confirmed));
}

void daemon_lease_began(struct daemon *d, const struct lease *l, enum lease_cause cause)
{
	tell(d, d->active->conf->maps, l, cause);
}

static void tell_end(struct daemon *d, const struct map_table *maps, const struct lease *l,
		     enum lease_cause cause)
{
	if (l->on_record)
		tell(d, maps, l, cause);
}

/* A start after a crash must not bring L back. */
static void store_end(struct daemon *d, const struct lease *l)
{
	if (!l->on_record || !d->leases.file)
		return;
	leasefile_append_end(d->leases.file, l, daemon_seconds(d));
	d->leases.recorded = true;
}

void daemon_lease_removed(struct daemon *d, const struct map_table *maps, const struct lease *l,
			  enum lease_cause cause)
{
	tell_end(d, maps, l, cause);
	store_end(d, l);
}

/* The idle limit does not apply to a lease whose host has no pool any more. */
static bool is_over(const struct daemon *d, const struct lease *l)
{
	int32_t keep = pool_keep(d->active->pool, &l->host, l->addr);

	return keep > 0 && (int64_t)daemon_seconds(d) - l->last > keep;
}

/* Reports a lease that was on record but not restored at startup. */
static void end_at_start(void *arg, const struct lease *l)
{
	struct daemon *d = arg;
	const struct map_table *maps = d->active->conf->maps;

	if (is_over(d, l))
		tell_end(d, maps, l, LEASE_IDLE);
	else
		tell_end(d, maps, l, map_find4(maps, l->addr) ? LEASE_MAP : LEASE_RELOAD);
}

static void say_line(const char *line, bool bad)
{
	if (bad)
		log_error("%s", line);
	else
		log_notice("%s", line);
}

static void say_news(struct daemon *d)
{
	const char *line;
	bool bad;

	while ((line = leasefile_news(d->leases.file, &bad)))
		say_line(line, bad);
	while ((line = leaselog_news(d->leases.history, &bad)))
		say_line(line, bad);
}

/* Applies the current configuration to the history. */
static void use_history(struct daemon *d)
{
	const struct conf *c = d->active->conf;

	leaselog_use(d->leases.history, c->lease_days, c->lease_megabytes * UINT64_C(1000000));
}

static int load(struct daemon *d, const char *name)
{
	const struct conf *c = d->active->conf;

	if (leasefile_load(d->leases.file, d->active->pool, c->maps, &c->xlat.own6,
			   daemon_seconds(d), unix_now(d), log_say_warning, end_at_start, d) < 0)
		return datadir_complain(c, "%s/" LEASEFILE_NAME ": %s", name, strerror(errno));
	return 0;
}

void daemon_keep_secret(struct daemon *d, const struct siphash_key *key)
{
	d->leases.secret = *key;
}

static int open_key(struct daemon *d, struct siphash_key *key)
{
	if (daemon_open_key(d, key) < 0)
		return -1;
	pool_set_secret(d->active->pool, key);
	daemon_keep_secret(d, key);
	return 0;
}

int daemon_open_leases(struct daemon *d, struct siphash_key *key)
{
	const struct conf *c = d->active->conf;
	const char *dir = c->data_dir, *name;
	char err[LEASEFILE_ERR], text[CONF_SHORT];

	d->leases.log = (struct log_limit){.rate = LEASE_LINES, .burst = LEASE_LINES};
	d->leases.displacing = (struct log_limit){.rate = DISPLACING, .burst = DISPLACING};
	mind_clock(d);
	daemon_keep_secret(d, key);
	if (!d->active->pool)
		return 0;
	if (!dir)
		return open_key(d, key);
	name = conf_short(text, dir);
	d->leases.file = leasefile_open(d->opt->chroot ? "/" : dir, name, err, sizeof(err));
	if (!d->leases.file)
		return datadir_complain(c, "%s", err);
	if (open_key(d, key) < 0)
		return -1;
	d->leases.history = leaselog_new(name);
	if (!d->leases.history)
		return datadir_complain(c, "%s", strerror(ENOMEM));
	leasefile_set_log(d->leases.file, d->leases.history);
	use_history(d);
	return load(d, name);
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
		return datadir_complain(c,
					"%s: %s (the user of nat64d must be able to write there)",
					dir, strerror(err));
	return datadir_complain(c, "%s: cannot start the process that syncs the leases: %s", dir,
				strerror(err));
}

/* Called after the keeper has ended.  There is no history yet if the start failed early. */
static void close_history(struct daemon *d)
{
	const char *line;
	bool bad;

	if (!d->leases.history)
		return;
	leaselog_give_up(d->leases.history);
	while ((line = leaselog_news(d->leases.history, &bad)))
		say_line(line, bad);
	leaselog_free(d->leases.history);
	d->leases.history = NULL;
}

void daemon_close_leases(struct daemon *d)
{
	const struct active *a = d->active;
	char text[CONF_SHORT];

	if (!d->leases.file)
		return;
	if (d->leases.history)
		leaselog_commit(d->leases.history);
	if (leasefile_close(d->leases.file, a->pool, a->conf->maps, daemon_seconds(d),
			    unix_now(d)) < 0)
		datadir_complain(a->conf, "%s: the lease file was not rewritten: %s",
				 conf_short(text, a->conf->data_dir), strerror(errno));
	close_history(d);
}

/* Marks a lease as put off; it has never been on record. */
#define PUT_OFF INT32_MIN

/* A sender with forged source addresses can end and begin a lease of a full pool with each packet,
 * and each such lease lasts some milliseconds.  If all were recorded, they would fill the disk and
 * push relevant leases out of the history.  Above a certain rate, a lease that displaces another
 * one is therefore not recorded until its host is confirmed or the rate is low again. */
static bool is_put_off(struct daemon *d, const struct lease *l)
{
	return !l->confirmed && !log_limit_take(&d->leases.displacing, d->now);
}

/* L is new, or was put off before.  The lease that it displaced is reported immediately, because
 * pool_ended() reports only the last one.  The record of L also ends that lease.  If L is put off,
 * a line does; there are not more of these lines than records, since only a lease on record has
 * one.  Returns false if L is put off. */
static bool begin(struct daemon *d, struct lease *l)
{
	struct lease before;
	bool fresh = l->saved != PUT_OFF, displaces;

	displaces = !fresh || pool_ended(d->active->pool, &before);
	if (fresh && displaces)
		tell_end(d, d->active->conf->maps, &before, LEASE_FULL);
	if (displaces && is_put_off(d, l)) {
		l->saved = PUT_OFF;
		d->leases.put_off += fresh;
		if (fresh)
			store_end(d, &before);
		return false;
	}
	daemon_lease_began(d, l, LEASE_NEW);
	return true;
}

void daemon_store_lease(struct daemon *d, struct lease *l)
{
	if (d->leases.file)
		leasefile_append(d->leases.file, l, daemon_seconds(d));
	else
		pool_record(l, daemon_seconds(d));
	d->leases.recorded = d->leases.file != NULL;
}

/* The record of L, which said that it was used at BEFORE, is written again.  Those who keep leases
 * for several translators want to know that it is in use, but not each ten minutes. */
static void tell_again(const struct daemon *d, struct lease *l, int32_t before, bool confirmed)
{
	int64_t untold = l->untold + ((int64_t)l->saved - before) / POOL_RESTAMP;

	l->untold = (uint8_t)(untold < 0 ? 0 : untold > UINT8_MAX ? UINT8_MAX : untold);
	if (l->confirmed == confirmed && l->untold < TELL_AFTER / POOL_RESTAMP)
		return;
	tell_use(d, l->confirmed == confirmed ? "renewed" : "confirmed", l);
	l->untold = 0;
}

bool daemon_record_lease(struct daemon *d, struct lease *l)
{
	bool fresh = !l->on_record, confirmed = l->saved_confirmed;
	int32_t before = l->saved;

	if (fresh && !begin(d, l))
		return false;
	daemon_store_lease(d, l);
	if (!fresh)
		tell_again(d, l, before, confirmed);
	return true;
}

void daemon_commit_leases(struct daemon *d)
{
	if (!d->leases.recorded)
		return;
	leaselog_hand_over(d->leases.history);
	if (leasefile_commit(d->leases.file) < 0)
		say_news(d);
	leaselog_commit(d->leases.history);
	d->leases.recorded = false;
}

void daemon_write_leases(struct daemon *d)
{
	d->leases.recorded = d->leases.file != NULL;
	daemon_commit_leases(d);
}

void daemon_serve_leases(struct daemon *d)
{
	const struct active *a = d->active;
	int due;

	if (!d->leases.file)
		return;
	use_history(d);
	leaselog_commit(d->leases.history);
	due = leasefile_maintain(d->leases.file, a->pool, a->conf->maps, daemon_seconds(d),
				 unix_now(d));
	if (leaselog_waits(d->leases.history) && due > QUEUE_MS)
		due = QUEUE_MS;
	d->leases.file_at = d->now + due;
	say_news(d);
}

int64_t daemon_leases_due(const struct daemon *d)
{
	return d->leases.file ? d->leases.file_at : INT64_MAX;
}

/* Ends leases that were idle for too long. */
static void expire(struct daemon *d)
{
	struct pool *p = d->active->pool;
	struct lease l;

	for (int i = 0; i < EXPIRE_BUDGET && pool_expire(p, daemon_seconds(d), 1) > 0; i++)
		if (pool_ended(p, &l))
			daemon_lease_ended(d, &l, LEASE_IDLE);
	daemon_commit_leases(d);
}

static void say_put_off(struct daemon *d)
{
	if (d->leases.put_off == 0 || d->now < d->leases.put_off_at)
		return;
	log_notice("%lu leases of full pools were not recorded: their hosts did not send again "
		   "after an answer",
		   d->leases.put_off);
	d->leases.put_off = 0;
	d->leases.put_off_at = d->now + PUT_OFF_MS;
}

void daemon_maintain_leases(struct daemon *d)
{
	unsigned long suppressed = log_limit_suppressed(&d->leases.log);

	mind_clock(d);
	if (suppressed > 0)
		log_notice("%lu lines about leases suppressed", suppressed);
	say_put_off(d);
	if (d->active->pool)
		expire(d);
}
