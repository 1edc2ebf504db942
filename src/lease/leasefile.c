/* leasefile - decides when a record counts as written and when the file is rewritten, and handles
 * failures of the disk and of the keeper.
 *
 * Records are only appended to the file.  A rewrite replaces it by a new file with one line per
 * lease.  These are the states of a rewrite and its transitions; the words in capitals after a
 * state are the keeper's task:
 *
 *     NONE <----------------------------------- renamed --------------------.
 *      |  ^  ^                                                              |
 *      |  |  '- removed - DROPPING: DROP <--- a write failed, or no rename -+
 *      |  |                                      ^               ^          |
 *      |  '- failed ---.                         |               |          |
 *      |               |                         |               |          |
 *      '-- due -> OPENING: CREATE -- done -> FILLING -- end -> FILLED -> PUBLISHING: PUBLISH
 *                                             ^   |              ^          |
 *                 other prefixes, next slice  '---'              '----------'  keeper died: the
 *                                                                              next one checks
 *
 * From FILLING on, records go to both files.  Therefore, after a crash at any time, one of the two
 * has the name, and both are complete.  In a rewrite, each line gets the time that is on record
 * (saved), not a later one.  Otherwise the time that a start after a crash adds, POOL_RESTAMP,
 * would accumulate with each rewrite.  Only the final rewrite of a clean stop writes exact times,
 * and marks them as such in its last line.
 *
 * One buffer feeds both files, and each file has its own position in it.  A short write leaves an
 * incomplete line at the end of a file.  Since only this process writes, the next attempt continues
 * there and completes the line.  Beginning with a newline instead would create an invalid line,
 * which the next start would report as damage. */
#include "lease/leasefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leasekeep.h"
#include "leasestate.h"

#define KEEPER_REST 5     /* seconds between the starts of two keepers */
#define SILENCE     10    /* seconds without an answer after which the keeper seems to hang */
#define TICK        1000  /* ms */
#define SLICE       32768 /* bytes written per step: about 500 leases, half a millisecond */
#define LOOKS       2048  /* leases examined per step */
#define SLACK       1024  /* number of superfluous lines that do not justify a rewrite */
#define REST        10    /* seconds between rewrites */

/* Maximum seconds between failing attempts to write and to rewrite. */
#define WRITE_DELAY   32
#define REWRITE_DELAY 64

#define HEADER                                                                                \
	"# nat64d: IPv4 address, IPv6 address, last use in unix time[, prefix]\n"             \
	"# While nat64d runs, the last use of an active host may lag by up to 10 minutes.\n"  \
	"# Comments before a line say when its lease began, and whether it is unconfirmed.\n" \
	"\n" /* if it is damaged, the next line is not taken for a part of the comment */
_Static_assert(POOL_RESTAMP == 600, "the header of the lease file names it");

int leasefile_trouble(const struct leasefile *f)
{
	for (size_t i = 0; i < TROUBLES; i++)
		if (f->trouble[i])
			return f->trouble[i];
	return 0;
}

unsigned long leasefile_answers(const struct leasefile *f)
{
	return f->answers;
}

int64_t leasefile_written(const struct leasefile *f)
{
	return f->written;
}

uint64_t leasefile_errors(const struct leasefile *f)
{
	return f->errors;
}

static const char dead[] = "the process that syncs it died";
static const char hanging[] = "the process that syncs it does not answer";

const char *leasefile_strerror(int trouble)
{
	if (trouble == ECHILD)
		return dead;
	return trouble == ETIME ? hanging : strerror(trouble);
}

static const struct {
	const char *bad; /* followed by the errno and REMEDY */
	const char *remedy;
	const char *good;
} words[TROUBLES] = {
	[TROUBLE_WRITE] = {"cannot be written", "leases stay in memory and are written later",
			   "is written again, every lease is on record"},
	[TROUBLE_SYNC] = {"cannot be synced to its disk", "it is rewritten", "is synced again"},
	[TROUBLE_MOVED] = {"was removed or replaced by another program", "it is rewritten",
			   "was rewritten under its name"},
	[TROUBLE_REWRITE] = {"cannot be rewritten", "the old file stays in use; retrying later",
			     "was rewritten"},
	[TROUBLE_KEEPER] = {dead, "another one is started",
			    "the process that syncs it works again"},
};

static void put_news(struct leasefile *f, size_t kind, int err)
{
	const char *cause = strerror(err), *remedy = words[kind].remedy;

	if (kind == TROUBLE_REWRITE && err == ENOENT) {
		cause = "its directory was removed";
		remedy = "create it again; with --chroot also restart nat64d";
	}
	if (!err)
		snprintf(f->news, sizeof(f->news), "%s: %s", f->path, words[kind].good);
	else if (err == ECHILD)
		snprintf(f->news, sizeof(f->news), "%s: %s (%s)", f->path, words[kind].bad, remedy);
	else if (err == ETIME)
		snprintf(f->news, sizeof(f->news),
			 "%s: %s (does its disk hang, or is the process stopped? leases are "
			 "written, but not synced)",
			 f->path, hanging);
	else
		snprintf(f->news, sizeof(f->news), "%s: %s: %s (%s)", f->path, words[kind].bad,
			 cause, remedy);
}

static const char *kept_news(struct leasefile *f)
{
	snprintf(f->news, sizeof(f->news), "%s: the damaged file is kept as " LEASEKEEP_NAME,
		 f->path, f->kept);
	f->kept = 0;
	return f->news;
}

const char *leasefile_news(struct leasefile *f, bool *bad)
{
	*bad = false;
	if (f->kept > 0)
		return kept_news(f);
	for (size_t i = 0; i < TROUBLES; i++) {
		if (f->trouble[i] == f->said[i])
			continue;
		f->said[i] = f->trouble[i];
		*bad = f->trouble[i] != 0;
		put_news(f, i, f->trouble[i]);
		return f->news;
	}
	return NULL;
}

static void write_sink(struct leasefile *f, struct lease_sink *s)
{
	while (s->done < f->len) {
		ssize_t n = write(s->fd, f->buffer + s->done, f->len - s->done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->err = n < 0 ? errno : EIO;
			return;
		}
		s->done += (size_t)n;
	}
	s->err = 0;
}

/* Removes the part of the buffer that has been written to every file. */
static void consume(struct leasefile *f)
{
	size_t done = f->file.done;

	if (f->temp.fd >= 0 && f->temp.done < done)
		done = f->temp.done;
	if (done == 0)
		return;
	memmove(f->buffer, f->buffer + done, f->len - done);
	f->len -= done;
	f->file.done -= done;
	f->temp.done -= f->temp.fd >= 0 ? done : f->temp.done;
}

/* Writes the buffer to the files, as far as they accept it. */
static void flush(struct leasefile *f)
{
	size_t before = f->file.done;
	int err;

	f->dirty = f->dirty || f->file.done < f->len;
	write_sink(f, &f->file);
	err = f->file.err;
	if (f->file.done > before)
		f->written = f->base + f->now;
	if (f->temp.fd >= 0) {
		write_sink(f, &f->temp);
		/* after a crash, the new file may have the name, so its errors count as well */
		if (f->rewrite == REWRITE_PUBLISHING && !err)
			err = f->temp.err;
	}
	consume(f);
	f->trouble[TROUBLE_WRITE] = err;
	if (!err) {
		f->write_delay = 1;
		return;
	}
	f->errors++;
	f->write_at = f->now + f->write_delay;
	if (f->write_delay < WRITE_DELAY)
		f->write_delay *= 2;
}

/* While writing fails, does nothing until the next attempt is due. */
static void try_flush(struct leasefile *f)
{
	if (f->len > 0 && (!f->trouble[TROUBLE_WRITE] || f->now >= f->write_at))
		flush(f);
}

int leasefile_commit(struct leasefile *f)
{
	int before = f->trouble[TROUBLE_WRITE];

	try_flush(f);
	if (before || !f->trouble[TROUBLE_WRITE])
		return 0;
	errno = f->trouble[TROUBLE_WRITE];
	return -1;
}

/* Writes the comment about the prefix of lines without a prefix to OUT.  Returns its length; 0 if
 * all lines have a prefix. */
static size_t format_default(const struct leasefile *f, char out[LEASETEXT_MAX])
{
	if (f->prefix_count > 1)
		return 0;
	return leasetext_format_default(out, f->prefix_count ? f->prefixes : NULL);
}

/* Writes the line of L, last used at LAST, to OUT.  Returns its length; 0 if its prefix is no
 * longer configured. */
static size_t format_lease(const struct leasefile *f, char out[LEASETEXT_RECORD],
			   const struct lease *l, int32_t last)
{
	struct leasetext t = {.addr = l->addr,
			      .host = l->host,
			      .when = f->base + (last < f->now ? last : f->now),
			      .unconfirmed = !l->confirmed,
			      .has_prefix = f->prefix_count > 1};

	if (l->prefix >= f->prefix_count && l->prefix > 0)
		return 0;
	if (l->since != POOL_UNKNOWN)
		t.since = f->base + l->since > 0 ? f->base + l->since : 1;
	if (t.has_prefix)
		t.prefix = f->prefixes[l->prefix];
	return leasetext_format_checked(out, &t);
}

static void put_line(struct leasefile *f, const char *line, size_t len)
{
	memcpy(f->buffer + f->len, line, len);
	f->len += len;
	f->file.lines++;
	f->temp.lines++;
}

void leasestate_add(struct leasefile *f, const char *line, size_t len)
{
	char whose[LEASETEXT_MAX];
	size_t n = f->default_due ? format_default(f, whose) : 0;

	if (sizeof(f->buffer) - f->len < n + len)
		try_flush(f);
	if (sizeof(f->buffer) - f->len < n + len) {
		f->wanted = true;
		return;
	}
	if (n > 0)
		put_line(f, whose, n);
	f->default_due = false;
	put_line(f, line, len);
}

void leasefile_append(struct leasefile *f, struct lease *l, int32_t now)
{
	char line[LEASETEXT_RECORD];

	f->now = now;
	pool_record(l, l->last < now ? l->last : now);
	leasestate_add(f, line, format_lease(f, line, l, l->saved));
}

static bool same_prefixes(const struct leasefile *f, const struct map_table *maps)
{
	if (f->prefix_count != map_prefix_count(maps))
		return false;
	for (size_t i = 0; i < f->prefix_count; i++)
		if (!prefix6_equal(map_prefix_at(maps, i), &f->prefixes[i]))
			return false;
	return true;
}

int leasestate_set_prefixes(struct leasefile *f, const struct map_table *maps)
{
	size_t n = map_prefix_count(maps);
	struct prefix6 *prefixes;

	if (same_prefixes(f, maps))
		return 0;
	prefixes = calloc(n ? n : 1, sizeof(*prefixes));
	if (!prefixes)
		return -1;
	for (size_t i = 0; i < n; i++)
		prefixes[i] = *map_prefix_at(maps, i);
	free(f->prefixes);
	f->prefixes = prefixes;
	f->prefix_count = n;
	f->default_due = true;
	return 1;
}

/* In OPENING, FILLING, FILLED or PUBLISHING: abandons this rewrite because of ERR.  A later one may
 * succeed. */
static void give_up(struct leasefile *f, int err)
{
	f->rewrite = REWRITE_NONE;
	if (f->temp.fd >= 0) {
		close(f->temp.fd);
		f->temp = (struct lease_sink){.fd = -1};
		f->rewrite = REWRITE_DROPPING;
		consume(f);
	}
	f->trouble[TROUBLE_REWRITE] = err;
	f->errors++;
	f->wanted = true;
	f->rewrite_at = f->now + f->rewrite_delay;
	if (f->rewrite_delay < REWRITE_DELAY)
		f->rewrite_delay *= 2;
}

/* In OPENING or FILLING: FD is the empty temporary file.  Records that are still in the buffer need
 * not be written to it, since the pool already contains them. */
static void begin(struct leasefile *f, int fd)
{
	f->temp = (struct lease_sink){.fd = fd, .done = f->len};
	f->cursor = 0;
	f->header_due = true;
	f->wanted = false;
	f->rewrite = REWRITE_FILLING;
}

/* In FILLING: writes one slice.  Records that wait because the other file cannot be written come
 * first: the slice may contain a lease of an address whose earlier lease they end. */
static void fill(struct leasefile *f, struct pool *pool)
{
	char slice[SLICE];
	const struct lease *l = NULL;
	size_t n = 0;
	ssize_t written;

	write_sink(f, &f->temp);
	if (f->temp.err) {
		give_up(f, f->temp.err);
		return;
	}
	if (f->header_due) {
		n = (size_t)snprintf(slice, sizeof(slice), HEADER);
		n += format_default(f, slice + n);
		f->header_due = false;
	}
	/* Leases that were put off are skipped: their beginning was never reported, so their end
	 * must not be either. */
	for (unsigned looks = LOOKS; looks > 0 && sizeof(slice) - n >= LEASETEXT_RECORD &&
				     (l = pool_walk(pool, &f->cursor));
	     looks--) {
		if (!l->on_record)
			continue;
		n += format_lease(f, slice + n, l, f->closing ? l->last : l->saved);
		f->temp.lines++;
	}
	if (!l && f->closing)
		n += (size_t)snprintf(slice + n, sizeof(slice) - n, LEASE_CLEAN "\n");
	written = write(f->temp.fd, slice, n);
	if (written < 0)
		give_up(f, errno);
	else if ((size_t)written < n)
		give_up(f, ENOSPC);
	else if (!l)
		f->rewrite = REWRITE_FILLED;
}

/* In PUBLISHING: the temporary file has the name.  ERR is set if syncing the directory failed. */
static void finish(struct leasefile *f, int err)
{
	close(f->file.fd); /* the keeper has it open, too, so its blocks are freed there */
	f->file = f->temp;
	f->temp = (struct lease_sink){.fd = -1}; /* its error is that of the file now */
	f->rewrite = REWRITE_NONE;
	f->rewrite_delay = 1;
	f->rewrite_at = f->now + REST;
	f->dirty = true;
	f->written = f->base + f->now;
	f->errors += err != 0;
	f->closed = f->closing && !err;
	f->trouble[TROUBLE_REWRITE] = 0;
	f->trouble[TROUBLE_MOVED] = 0;
	f->trouble[TROUBLE_SYNC] = err;
	flush(f);
}

static bool is_due(const struct leasefile *f, const struct pool *pool)
{
	if (f->now < f->rewrite_at)
		return false;
	return f->wanted || f->file.lines > 2 * pool_used(pool) + SLACK;
}

static void ask(struct leasefile *f, enum leasesync_task task, int fd, enum lease_rewrite next)
{
	if (leasesync_ask(&f->keeper, LEASE_FILE, task, fd))
		f->rewrite = next;
}

static void ask_create(struct leasefile *f)
{
	if (!f->unkept)
		ask(f, LEASESYNC_CREATE, f->file.fd, REWRITE_OPENING);
	else if (leasesync_ask_kept(&f->keeper, f->file.fd))
		f->rewrite = REWRITE_OPENING;
}

/* Performs one bounded step of a rewrite.  Returns true if another one should follow at once. */
static bool step(struct leasefile *f, struct pool *pool)
{
	if (f->temp.err && f->rewrite != REWRITE_PUBLISHING)
		give_up(f, f->temp.err);
	if (f->rewrite == REWRITE_FILLING)
		fill(f, pool);
	switch (f->rewrite) {
	case REWRITE_NONE:
		if (is_due(f, pool))
			ask_create(f);
		break;
	case REWRITE_FILLED:
		ask(f, LEASESYNC_PUBLISH, f->temp.fd, REWRITE_PUBLISHING);
		break;
	case REWRITE_DROPPING:
		ask(f, LEASESYNC_DROP, -1, REWRITE_DROPPING);
		break;
	case REWRITE_FILLING:
		return true;
	case REWRITE_OPENING:
	case REWRITE_PUBLISHING:
		break;
	}
	return false;
}

/* After a failed sync, the kernel may have dropped the data [fsync(2)].  A new file is needed. */
static void hear_sync(struct leasefile *f, int err)
{
	f->errors += err != 0;
	if (err == ECHILD)
		return;
	f->trouble[err == ESTALE ? TROUBLE_MOVED : TROUBLE_SYNC] = err;
	f->wanted = f->wanted || err;
}

static void hear_kept(struct leasefile *f, const struct leasesync_message *a)
{
	if (a->kept <= 0)
		return;
	f->kept = a->kept;
	f->unkept = false;
}

static void hear_keeper(struct leasefile *f)
{
	struct leasesync_message a;

	while (leasesync_hear(&f->keeper, &a)) {
		f->silence = 0;
		f->answers += a.err != ECHILD;
		f->trouble[TROUBLE_KEEPER] = a.err == ECHILD ? ECHILD : 0;
		f->dirty = f->dirty || a.err == ECHILD;
		/* if a keeper dies without a task, no file is concerned */
		if (a.file != LEASE_FILE && a.task != LEASESYNC_IDLE) {
			smallfile_hear(&f->small, &a);
			continue;
		}
		switch (a.task) {
		case LEASESYNC_SYNC:
			hear_sync(f, a.err);
			break;
		case LEASESYNC_CREATE:
			hear_kept(f, &a);
			if (a.err)
				give_up(f, a.err);
			else
				begin(f, a.fd);
			break;
		case LEASESYNC_PUBLISH:
			if (a.renamed)
				finish(f, a.err);
			else if (a.err == ECHILD)
				f->rewrite = REWRITE_FILLED; /* the next keeper checks whether it
								was renamed */
			else
				give_up(f, a.err);
			break;
		case LEASESYNC_DROP:
			if (a.err != ECHILD)
				f->rewrite = REWRITE_NONE;
			break;
		case LEASESYNC_IDLE:
			break;
		}
	}
}

bool leasefile_put(struct leasefile *f, enum lease_file which, char *text, size_t len)
{
	return smallfile_put(&f->small, which, text, len);
}

bool leasefile_put_done(struct leasefile *f, enum lease_file which, int *err)
{
	return smallfile_done(&f->small, which, err);
}

void leasefile_append_end(struct leasefile *f, const struct lease *l, int32_t now)
{
	char line[LEASETEXT_MAX];

	f->now = now;
	leasestate_add(f, line, leasetext_format_end(line, l->addr, &l->host));
}

void leasefile_set_log(struct leasefile *f, const struct leaselog *log)
{
	f->log = log;
}

void leasefile_set_hooks(struct leasefile *f, const struct leasefile_hooks *hooks)
{
	f->keeper.hooks = *hooks;
}

int leasefile_fd(const struct leasefile *f)
{
	return f->keeper.fd;
}

static void mind_keeper(struct leasefile *f)
{
	if (f->keeper.fd >= 0 || !f->started || f->now < f->keeper_at ||
	    !leasesync_reap(&f->keeper))
		return;
	f->keeper_at = f->now + KEEPER_REST;
	if (leasesync_start(&f->keeper, f->dir, f->dir_path, f->log) < 0)
		f->trouble[TROUBLE_KEEPER] = errno;
}

/* A keeper that is stopped, or whose disk hangs, does not answer.  A gap between two calls counts
 * as one second, because the whole machine may have been suspended. */
static void mind_silence(struct leasefile *f)
{
	if (f->keeper.task == LEASESYNC_IDLE || f->now == f->silent_at)
		return;
	f->silent_at = f->now;
	if (++f->silence < SILENCE || f->trouble[TROUBLE_KEEPER])
		return;
	f->trouble[TROUBLE_KEEPER] = ETIME;
	f->errors++;
}

/* Records contain unix time.  If the wall clock is set, those on disk become too old or too new, so
 * a rewrite is needed. */
static void mind_clock(struct leasefile *f, int32_t now, int64_t wall)
{
	int64_t base = wall - now;

	if (base > f->base + LEASEFILE_STEP || base < f->base - LEASEFILE_STEP) {
		f->base = base;
		f->wanted = true;
	}
	f->now = now;
}

/* After a reload, the leases are in another pool, so a rewrite in progress starts again with the
 * first lease.  The lines that it has already written do no harm, because the last line of a lease
 * counts.  A rewrite is needed in any case, since leases may have ended or been restored. */
static void mind_pool(struct leasefile *f, const struct pool *pool)
{
	if (f->pool != pool) {
		f->cursor = 0;
		f->wanted = f->wanted || f->pool;
	}
	f->pool = pool;
}

/* Lines in the temporary file would be interpreted by a header that is no longer valid, so it
 * starts again. */
static void mind_prefixes(struct leasefile *f, const struct map_table *maps)
{
	if (leasestate_set_prefixes(f, maps) == 0)
		return;
	f->wanted = true;
	if (f->rewrite != REWRITE_FILLING)
		return;
	if (ftruncate(f->temp.fd, 0) < 0)
		give_up(f, errno);
	else
		begin(f, f->temp.fd);
}

int leasefile_maintain(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		       int32_t now, int64_t wall)
{
	bool more;

	mind_clock(f, now, wall);
	mind_pool(f, pool);
	mind_prefixes(f, maps);
	hear_keeper(f);
	mind_silence(f);
	mind_keeper(f);
	try_flush(f);
	smallfile_step(&f->small, &f->keeper, f->file.fd);
	more = step(f, pool);
	if (f->dirty && now >= f->sync_at &&
	    leasesync_ask(&f->keeper, LEASE_FILE, LEASESYNC_SYNC, f->file.fd)) {
		f->dirty = false;
		f->sync_at = now + 1;
	}
	return more ? 0 : TICK;
}

/* Waits until the keeper is idle or known to be dead. */
static void settle(struct leasefile *f)
{
	hear_keeper(f);
	while (f->keeper.task != LEASESYNC_IDLE) {
		leasesync_wait(&f->keeper);
		hear_keeper(f);
	}
}

/* Performs the final rewrite.  It may block, since nothing else is served any more. */
static bool rewrite_last(struct leasefile *f, struct pool *pool)
{
	settle(f);
	if (f->keeper.fd < 0) {
		leasesync_stop(&f->keeper);
		if (leasesync_start(&f->keeper, f->dir, f->dir_path, f->log) < 0)
			return false;
	}
	if (f->temp.fd >= 0)
		give_up(f, EINTR);
	f->rewrite = REWRITE_NONE; /* creating the new temporary file removes the old one */
	f->wanted = f->closing = true;
	f->rewrite_at = f->now;
	do {
		step(f, pool);
		settle(f);
	} while (f->rewrite != REWRITE_NONE && f->keeper.fd >= 0);
	return f->closed;
}

int leasefile_close(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		    int32_t now, int64_t wall)
{
	bool good = true;
	int err;

	if (!f)
		return 0;
	mind_clock(f, now, wall);
	if (f->started && pool) {
		leasestate_set_prefixes(f, maps);
		flush(f);
		good = rewrite_last(f, pool) || rewrite_last(f, pool);
	}
	err = leasefile_trouble(f);
	leasesync_stop(&f->keeper);
	smallfile_close(&f->small);
	if (f->temp.fd >= 0)
		close(f->temp.fd);
	if (f->file.fd >= 0)
		close(f->file.fd);
	if (f->dir >= 0)
		close(f->dir);
	free(f->prefixes);
	free(f->dir_path);
	free(f->path);
	free(f);
	if (good)
		return 0;
	errno = err ? err : EIO;
	return -1;
}
