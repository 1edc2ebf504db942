/* leaseload - decides what a lease file that was found is worth, line by line.
 *
 * Every intact line counts, wherever the damage is. The file may be anything, of any size: it is
 * read in pieces, and of what is wrong only the beginning is said in words.
 *
 * Times: a record may be POOL_RESTAMP seconds behind the last packet of its lease, unless
 * the file ends with the mark of a clean stop. One written by Tayga has no mark, and its stamps
 * are late too. */
#include "leasestate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE    65536
#define REPORTS  20
#define IN_USE   "# in use\n" /* a line behind the mark of a clean stop takes it back */
#define SAY_SIZE 512

/* Behind a line without an end: a newline alone could make it a good one, with half a number. */
#define CUT_SHORT "\t# cut short\n"

struct load {
	struct leasefile *f;
	struct pool *pool;
	const struct map_table *maps;
	const struct ip6 *own6;
	int32_t now;
	int64_t wall;
	void (*say)(void *arg, const char *line);
	void (*ended)(void *arg, const struct lease *l);
	void *arg;
	size_t lines, bad;
	struct prefix6 whose; /* of lines without prefix */
	bool has_whose;
	bool clean;      /* the stamps are exact */
	bool superseded; /* a line has overridden an earlier one */
	bool unnamed;    /* a lease whose prefix is not said, or not as we would say it */
	bool overlong;   /* in a line that is longer than a piece */
	bool comment;    /* which is a comment */
	bool torn;       /* no newline at the end */
	bool has_tail;   /* and what is there is a lease, whose address is TAIL */
	uint32_t tail;
	bool fourth; /* the last line with a lease had a prefix */
};

__attribute__((format(printf, 2, 3))) static void say(const struct load *l, const char *fmt, ...)
{
	char text[SAY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->say(l->arg, text);
}

static void say_bad(struct load *l, const char *why)
{
	if (++l->bad <= REPORTS)
		say(l, "%s:%zu: %s", l->f->path, l->lines, why);
}

static bool ends_clean(int fd)
{
	static const char mark[] = "\n" LEASE_CLEAN "\n";
	char tail[sizeof(mark) - 1];
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(tail))
		return false;
	return pread(fd, tail, sizeof(tail), st.st_size - (off_t)sizeof(tail)) ==
		       (ssize_t)sizeof(tail) &&
	       memcmp(tail, mark, sizeof(tail)) == 0;
}

/* Seconds since WHEN, 0 if that is yet to come; beyond POOL_KEEP it no longer matters by how
 * much. */
static int32_t idle_since(const struct load *l, int64_t when)
{
	if (when >= l->wall)
		return 0;
	if (l->wall - when > POOL_KEEP + POOL_RESTAMP)
		return POOL_KEEP + POOL_RESTAMP + 1;
	return (int32_t)(l->wall - when);
}

/* The prefix of T; NULL: the file does not say, it is the first one. */
static const struct prefix6 *prefix_of(const struct load *l, const struct leasetext *t)
{
	if (t->has_prefix)
		return &t->prefix;
	return l->has_whose ? &l->whose : NULL;
}

static int find_prefix(struct load *l, const struct leasetext *t)
{
	const struct prefix6 *p = prefix_of(l, t);

	if (l->f->prefix_count > 0)
		l->unnamed = l->unnamed || !p || (!t->has_prefix && l->f->prefix_count > 1);
	if (!p)
		return 0;
	for (size_t i = 0; i < l->f->prefix_count; i++)
		if (prefix6_equal(p, &l->f->prefixes[i].prefix))
			return (int)i;
	return -1;
}

static void say_unknown_prefix(struct load *l, const struct leasetext *t)
{
	char why[LEASETEXT_WHY], prefix[LEASETEXT_PREFIX];

	leasetext_format_prefix(prefix, prefix_of(l, t));
	snprintf(why, sizeof(why), "prefix %s is not configured", prefix);
	say_bad(l, why);
}

static void say_refused(struct load *l, uint32_t addr)
{
	char why[LEASETEXT_WHY];

	snprintf(why, sizeof(why), "%u.%u.%u.%u %s", addr >> 24, addr >> 16 & 0xff,
		 addr >> 8 & 0xff, addr & 0xff,
		 pool_covers(l->pool, addr)
			 ? "is reserved (ipv4-addr, a map, or the network address)"
			 : "is in no dynamic-pool");
	say_bad(l, why);
}

static void take_lease(struct load *l, const struct leasetext *t)
{
	size_t used = pool_used(l->pool);
	int prefix = find_prefix(l, t);
	int32_t saved = l->now - idle_since(l, t->when), last = saved;
	struct lease *lease;

	if (prefix < 0) {
		say_unknown_prefix(l, t);
		return;
	}
	if (!addr_passes6(&t->host)) {
		say_bad(l, "its IPv6 address is not one of a host");
		return;
	}
	if (ip6_equal(&t->host, l->own6) || map_find_prefix(l->maps, &t->host) >= 0) {
		say_bad(l, "its IPv6 address needs no lease (it is ipv6-addr, or inside a prefix)");
		return;
	}
	if (!l->clean)
		last = l->now - saved > POOL_RESTAMP ? saved + POOL_RESTAMP : l->now;
	/* A stamp goes back when the clock was set back: no reason to shorten the same lease. */
	lease = pool_find4(l->pool, t->addr);
	if (lease && lease->prefix == prefix && ip6_equal(&lease->host, &t->host)) {
		last = lease->last > last ? lease->last : last;
		saved = lease->saved > saved ? lease->saved : saved;
	}
	lease = pool_restore(l->pool, &t->host, (unsigned)prefix, t->addr, last);
	if (!lease) {
		say_refused(l, t->addr);
		return;
	}
	pool_record(lease, saved);
	l->superseded = l->superseded || pool_used(l->pool) != used + 1;
}

/* Does a line that may have been cut say which prefix its lease is of?  Where there are, or were,
 * several, every line has a fourth column, which may be missing here.  Half a length is never that
 * of a prefix that is configured: those have two digits. */
static bool says_prefix(struct load *l, const struct leasetext *t)
{
	if (t->has_prefix)
		return find_prefix(l, t) >= 0;
	return l->f->prefix_count <= 1 && !l->fourth;
}

/* What has no newline was cut by a crash, or an editor has left it out.  Of the last word that is
 * there digits may be missing, so an address counts only if something follows it, and a time never
 * does: it is now. */
static void take_cut_lease(struct load *l, struct leasetext *t)
{
	if (!says_prefix(l, t)) {
		say_bad(l, LEASETEXT_CUT);
		return;
	}
	t->when = l->wall;
	l->has_tail = true;
	l->tail = t->addr;
	take_lease(l, t);
}

static void take_line(struct load *l, char *line, size_t len, bool cut)
{
	struct leasetext t;
	char why[LEASETEXT_WHY];

	l->lines++;
	switch (leasetext_parse(line, len, cut, &t, why)) {
	case LEASETEXT_LEASE:
		if (cut)
			take_cut_lease(l, &t);
		else
			take_lease(l, &t);
		l->fourth = t.has_prefix;
		break;
	case LEASETEXT_BAD:
		say_bad(l, why);
		break;
	case LEASETEXT_DEFAULT:
		if (cut)
			break;
		l->has_whose = t.has_prefix;
		l->fourth = false;
		if (t.has_prefix)
			l->whose = t.prefix;
		break;
	case LEASETEXT_BLANK:
		break;
	}
}

static void end_overlong(struct load *l, const char *why)
{
	l->lines++;
	if (!l->comment)
		say_bad(l, why);
	l->overlong = false;
}

/* Takes the whole lines of the LEN bytes at BUF; returns how many bytes are left over. */
static size_t take_piece(struct load *l, char *buf, size_t len)
{
	char *p = buf, *end = buf + len, *newline;

	while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
		if (l->overlong)
			end_overlong(l, "is too long");
		else
			take_line(l, p, (size_t)(newline - p), false);
		p = newline + 1;
	}
	len = (size_t)(end - p);
	if (!l->overlong && len < PIECE) {
		memmove(buf, p, len);
		return len;
	}
	if (!l->overlong)
		l->comment = leasetext_is_comment(p, len);
	l->overlong = true;
	return 0;
}

static void take_tail(struct load *l, char *buf, size_t len)
{
	l->torn = len > 0 || l->overlong;
	if (l->overlong)
		end_overlong(l, LEASETEXT_CUT);
	else if (l->torn)
		take_line(l, buf, len, true);
}

/* The lease of the last line is on record again, behind what must not be read as a line. */
static void record_tail(struct load *l)
{
	struct lease *lease = l->has_tail ? pool_find4(l->pool, l->tail) : NULL;

	if (lease)
		leasefile_append(l->f, lease, l->now);
}

static int read_all(struct load *l)
{
	char *buf = malloc(PIECE + 1); /* leasetext_parse() wants a byte behind the line */
	size_t len = 0;
	off_t at = 0;
	ssize_t n;

	if (!buf)
		return -1;
	while ((n = pread(l->f->file.fd, buf + len, len < PIECE ? PIECE - len : 0, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += n;
		len = take_piece(l, buf, len + (size_t)n);
	}
	if (n == 0)
		take_tail(l, buf, len);
	free(buf);
	return n < 0 ? -1 : 0;
}

static void say_damage(struct load *l)
{
	char name[sizeof(LEASEFILE_NAME) + 16];

	if (l->bad > REPORTS)
		say(l, "%s: %zu more lines cannot be used", l->f->path, l->bad - REPORTS);
	if (leaseaside_keep(l->f, name, sizeof(name)) == 0)
		say(l, "%s: %zu of %zu lines cannot be used; the file is kept as %s", l->f->path,
		    l->bad, l->lines, name);
	else
		say(l, "%s: cannot be kept aside: %s", l->f->path, strerror(errno));
}

/* Leases that nobody has used for long went through the pool, to override what is older than
 * they. */
static void drop_expired(struct load *l)
{
	struct lease last;
	unsigned n = 0;

	for (; pool_expire(l->pool, l->now, 1) > 0; n++)
		if (pool_ended(l->pool, &last))
			l->ended(l->arg, &last);
	if (n > 0)
		say(l, "%s: %u leases were idle for more than %d days and have ended", l->f->path,
		    n, POOL_KEEP / (24 * 3600));
}

/* Is a line without prefix that comes next one of the only prefix, or, where there is none, of the
 * first to come? */
static bool says_whose(const struct load *l)
{
	if (l->f->prefix_count == 0)
		return !l->has_whose;
	return l->has_whose && prefix6_equal(&l->whose, &l->f->prefixes[0].prefix);
}

int leasefile_load(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		   const struct ip6 *own6, int32_t now, int64_t wall,
		   void (*report)(void *arg, const char *line),
		   void (*ended)(void *arg, const struct lease *l), void *arg)
{
	struct load l = {.f = f,
			 .pool = pool,
			 .maps = maps,
			 .own6 = own6,
			 .now = now,
			 .wall = wall,
			 .say = report,
			 .ended = ended,
			 .arg = arg};

	if (leasestate_set_prefixes(f, maps) < 0)
		return -1;
	f->default_due = false; /* what is added first ends a line, perhaps */
	l.clean = ends_clean(f->file.fd);
	if (read_all(&l) < 0)
		return -1;
	f->now = now;
	f->base = wall - now;
	if (pool_sort(pool) < 0)
		return -1;
	drop_expired(&l);
	if (l.bad > 0)
		say_damage(&l);
	f->file.lines = l.lines;
	f->wanted = l.bad > 0 || l.has_tail || l.superseded || l.unnamed;
	if (l.torn)
		leasestate_add(f, CUT_SHORT, strlen(CUT_SHORT));
	if (l.clean)
		leasestate_add(f, IN_USE, strlen(IN_USE));
	f->default_due = !says_whose(&l);
	record_tail(&l);
	return 0;
}
