/* leaseload - reads a lease file, which may be damaged.
 *
 * Every intact line counts, regardless of damage elsewhere.  The file may have any content and
 * size: it is read in pieces, and only the first problems are reported.
 *
 * A comment names the prefix of the lines after it that have none.  It consists of two lines.  If
 * one of them is damaged, the checksum of the first one tells which.  If the checksum is right, and
 * the second one names another prefix, the first one counts.  Only if it is not configured and the
 * second one is, the second one counts, because leases of other prefixes end.
 *
 * Times: a record may be POOL_RESTAMP seconds older than the last packet of its lease, unless the
 * file ends with the mark of a clean stop.  A file written by Tayga has no mark, and its times also
 * lag behind.
 *
 * Before it is rewritten, a damaged file is kept under another name.  If that is impossible now,
 * the keeper tries again before each attempt to rewrite it. */
#include "lease/leasefile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leasekeep.h"
#include "leasestate.h"
#include "lib/addr_text.h"
#include "lib/array.h"
#include "lib/fd.h"

#define PIECE       65536
#define REPORTS     20
#define IN_USE      "# in use\n" /* after the mark of a clean stop, this line cancels it */
#define SAY_SIZE    512
#define REMOVED_WHY 192 /* two addresses and text */

/* Appended after a comment whose line is missing.  Otherwise the comment would apply to the next
 * line. */
#define NO_LINE "# cut short\n"

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
	size_t lines, bad, leases;
	struct leasetext whose; /* the prefix of lines without one, as a comment names it */
	bool checked;           /* that comment has a checksum */
	bool half;              /* the next line must repeat it */
	bool summed;            /* SUM is the checksum of the next lease, of which RECORD has all */
	uint32_t sum;           /* lines that were read so far */
	char record[LEASETEXT_RECORD];
	size_t record_len;
	int64_t since;      /* unix time for the next lease; 0: not in the file */
	bool unconfirmed;   /* applies to the lease of the next line only */
	bool clean;         /* the times are exact */
	bool superseded;    /* a line has overridden an earlier one */
	bool unnamed;       /* a lease does not name its prefix in the way that we write it */
	bool torn;          /* the last line has no newline */
	bool fourth;        /* the last line with a lease had a prefix */
	size_t trimmed;     /* leases that exceed the share of their network */
	struct lease *tail; /* the lease of the last line, if that has no newline */
	/* Leases that the configuration does not allow, as far as memory permits.  PACKETS holds
	 * the position of their line.  LIVE is false for a record of the end of a lease. */
	struct lease *left;
	size_t lefts;
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

/* Returns the seconds since the last use of T's lease, or 0 if that is in the future.  The result
 * is limited to a time after which the lease has ended in any case. */
static int32_t idle_since(const struct load *l, const struct leasetext *t)
{
	const int32_t most = pool_keep(l->pool, &t->host, t->addr) + POOL_RESTAMP + 1;

	if (t->when >= l->wall)
		return 0;
	return l->wall - t->when < most ? (int32_t)(l->wall - t->when) : most;
}

/* Returns what names the prefix of the lease T. */
static const struct leasetext *prefix_of(const struct load *l, const struct leasetext *t)
{
	return t->has_prefix ? t : &l->whose;
}

/* Returns the index of the prefix that T names, or -1 if it is not configured.  If T does not name
 * one, it is the first. */
static int find_configured(const struct load *l, const struct leasetext *t)
{
	if (!t->has_prefix)
		return 0;
	for (size_t i = 0; i < l->f->prefix_count; i++)
		if (prefix6_equal(&t->prefix, &l->f->prefixes[i]))
			return (int)i;
	return -1;
}

static int find_prefix(struct load *l, const struct leasetext *t)
{
	if (!t->has_prefix && l->f->prefix_count > 0)
		l->unnamed =
			l->unnamed || !l->checked || !l->whose.has_prefix || l->f->prefix_count > 1;
	return find_configured(l, prefix_of(l, t));
}

static void say_unknown_prefix(struct load *l, const struct leasetext *t)
{
	char why[LEASETEXT_WHY], prefix[ADDR_TEXT];

	snprintf(why, sizeof(why), "prefix %s is not configured",
		 addr_text_prefix6(prefix, &prefix_of(l, t)->prefix));
	say_bad(l, why);
}

/* Reports a lease that does not fit the configuration.  Names the host as well, since the address
 * alone would not show why. */
static void say_removed(struct load *l, const struct leasetext *t, const char *because)
{
	char why[REMOVED_WHY], addr[ADDR_TEXT], host[ADDR_TEXT];

	snprintf(why, sizeof(why), "lease %s of %s removed: %s", addr_text4(addr, t->addr),
		 addr_text6(host, &t->host), because);
	say_bad(l, why);
}

static void say_refused(struct load *l, const struct leasetext *t)
{
	char why[LEASETEXT_WHY], text[ADDR_TEXT];
	enum pool_fit fit = pool_fits(l->pool, &t->host, t->addr);

	if (fit == POOL_NOT_ALLOWED) {
		say_removed(l, t, "no allow contains its host");
		return;
	}
	if (fit == POOL_OF_OTHERS) {
		say_removed(l, t, "its dynamic-pool is for other hosts");
		return;
	}
	snprintf(why, sizeof(why), "%.15s %s", addr_text4(text, t->addr),
		 fit == POOL_NOWHERE ? "is not in a dynamic-pool"
				     : "is reserved (ipv4-addr, a map, or the network address)");
	say_bad(l, why);
}

/* Returns the beginning of a lease whose last use on record is SAVED.  It must not be later than
 * that, even if the clock was set back. */
static int32_t since_when(const struct load *l, int32_t saved)
{
	int64_t when = l->now - (l->wall - l->since);

	if (l->since == 0 || when <= POOL_UNKNOWN)
		return POOL_UNKNOWN;
	return when < saved ? (int32_t)when : saved;
}

/* Returns true if T has become the map that now exists for its address and host.  Its line may
 * remain in the file for a short time. */
static bool is_map(const struct load *l, const struct leasetext *t)
{
	const struct map *m = map_find4(l->maps, t->addr);
	struct ip6 host;

	if (!m)
		return false;
	map_to6(m, t->addr, &host);
	return ip6_equal(&host, &t->host);
}

/* Adds LEASE to the leases that the configuration does not allow. */
static void put_left(struct load *l, const struct lease *lease)
{
	struct lease *bigger = array_grow(l->left, l->lefts, sizeof(*l->left));

	if (!bigger)
		return;
	l->left = bigger;
	l->left[l->lefts] = *lease;
	l->left[l->lefts].packets[0] = l->lefts;
	l->lefts++;
}

/* A damaged line must not end the lease of another host. */
static void say_other_holder(struct load *l, const struct leasetext *t, const struct ip6 *holder)
{
	char why[REMOVED_WHY], addr[ADDR_TEXT], host[ADDR_TEXT], other[ADDR_TEXT];

	snprintf(why, sizeof(why), "ends the lease %s of %s, but %s has it",
		 addr_text4(addr, t->addr), addr_text6(host, &t->host), addr_text6(other, holder));
	say_bad(l, why);
}

static void end_lease(struct load *l, const struct leasetext *t)
{
	struct lease *lease = pool_find4(l->pool, t->addr);

	if (lease && t->has_host && !ip6_equal(&lease->host, &t->host)) {
		say_other_holder(l, t, &lease->host);
		return;
	}
	l->superseded = true;
	if (lease)
		pool_end(l->pool, lease);
	else if (l->lefts >
		 0) /* the lease may be in LEFT: its end must not be reported a second time */
		put_left(l, &(struct lease){.addr = t->addr});
}

/* T is not restored; PREFIX -1: its prefix is not configured.  The lease of an earlier line ended
 * when the address got this one. */
static void leave(struct load *l, const struct leasetext *t, int prefix, int32_t saved)
{
	struct lease *before = pool_find4(l->pool, t->addr);

	if (before)
		pool_end(l->pool, before);
	put_left(l, &(struct lease){
			    .host = t->host,
			    .addr = t->addr,
			    .last = saved,
			    .since = l->since ? since_when(l, saved) : POOL_UNKNOWN,
			    .prefix = prefix < 0 ? UINT16_MAX : (uint16_t)prefix,
			    .live = true,
			    .on_record = true,
		    });
}

static int by_addr_and_place(const void *a, const void *b)
{
	const struct lease *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->packets[0] > y->packets[0]) - (x->packets[0] < y->packets[0]);
}

/* As elsewhere, the last line of an address counts. */
static void tell_left(struct load *l)
{
	if (l->lefts > 0)
		qsort(l->left, l->lefts, sizeof(*l->left), by_addr_and_place);
	for (size_t i = 0; i < l->lefts; i++) {
		struct lease *lease = &l->left[i];

		if (i + 1 < l->lefts && l->left[i + 1].addr == lease->addr)
			continue;
		lease->packets[0] = 0;
		if (lease->live && !pool_find4(l->pool, lease->addr))
			l->ended(l->arg, lease);
	}
	free(l->left);
	l->left = NULL;
}

/* Returns NULL if the lease cannot be used, after reporting why. */
static struct lease *take_lease(struct load *l, const struct leasetext *t)
{
	size_t used = pool_used(l->pool);
	int prefix = find_prefix(l, t);
	int32_t saved = l->now - idle_since(l, t), last = saved, before = POOL_UNKNOWN;
	struct lease *lease;

	if (is_map(l, t)) {
		l->superseded = true;
		return NULL;
	}
	if (prefix < 0) {
		say_unknown_prefix(l, t);
		leave(l, t, prefix, saved);
		return NULL;
	}
	if (!addr_passes6(&t->host)) {
		say_bad(l, "its IPv6 address is not a host address");
		return NULL;
	}
	if (ip6_equal(&t->host, l->own6) || map_find_prefix(l->maps, &t->host) >= 0) {
		say_bad(l, "its IPv6 address needs no lease (it is ipv6-addr, or inside a "
			   "translation prefix)");
		return NULL;
	}
	if (!l->clean && !pool_stands_by(l->pool, t->addr))
		last = l->now - saved > POOL_RESTAMP ? saved + POOL_RESTAMP : l->now;
	/* The time of a record may go back when the clock was set back.  That must not shorten the
	 * same lease. */
	lease = pool_find4(l->pool, t->addr);
	if (lease && lease->prefix == prefix && ip6_equal(&lease->host, &t->host)) {
		last = lease->last > last ? lease->last : last;
		saved = lease->saved > saved ? lease->saved : saved;
		before = lease->since;
	}
	lease = (l->unconfirmed ? pool_restore : pool_restore_confirmed)(
		l->pool, &t->host, (unsigned)prefix, t->addr, last);
	if (!lease) {
		say_refused(l, t);
		leave(l, t, prefix, saved);
		return NULL;
	}
	pool_record(lease, saved);
	lease->since = l->since ? since_when(l, saved) : before;
	l->superseded = l->superseded || pool_used(l->pool) != used + 1;
	return lease;
}

/* Returns true if a line whose end may be missing contains the prefix of its lease.  If several
 * prefixes are or were configured, each line has a fourth column, which may be missing here.  A
 * truncated prefix length never equals a configured one, since those have two digits. */
static bool says_prefix(struct load *l, const struct leasetext *t)
{
	if (t->has_prefix)
		return find_prefix(l, t) >= 0;
	return l->f->prefix_count <= 1 && !l->fourth;
}

/* A line without a newline was cut by a crash, or an editor has omitted the newline.  Digits of the
 * last word may be missing.  Therefore an address only counts if something follows it.  The time
 * never counts; the current time is used instead. */
static void take_cut_lease(struct load *l, struct leasetext *t)
{
	if (!says_prefix(l, t)) {
		say_bad(l, LEASETEXT_CUT);
		return;
	}
	t->when = l->wall;
	l->tail = take_lease(l, t);
}

static void take_prefix(struct load *l, const struct leasetext *t, bool checked)
{
	l->whose.has_prefix = t->has_prefix;
	if (t->has_prefix)
		l->whose.prefix = t->prefix;
	l->checked = checked;
	l->fourth = false;
}

/* The line before names a prefix, with a checksum.  This one, T, should repeat it. */
static void mind_half(struct load *l, enum leasetext_kind kind, const struct leasetext *t)
{
	char why[LEASETEXT_WHY], prefix[ADDR_TEXT] = "none";

	if (kind == LEASETEXT_DEFAULT && leasetext_same_prefix(t, &l->whose))
		return;
	if (kind == LEASETEXT_DEFAULT && find_configured(l, t) >= 0 &&
	    find_configured(l, &l->whose) < 0)
		take_prefix(l, t, false);
	if (l->whose.has_prefix)
		addr_text_prefix6(prefix, &l->whose.prefix);
	snprintf(why, sizeof(why), "does not repeat the prefix of the line before; %s counts",
		 prefix);
	say_bad(l, why);
}

/* Adds a line to RECORD.  If there is no room, the checksum does not fit. */
static void add_to_record(struct load *l, const char *line, size_t len)
{
	if (!l->summed || len + 1 > sizeof(l->record) - l->record_len) {
		l->record_len = 0;
		return;
	}
	memcpy(l->record + l->record_len, line, len);
	l->record[l->record_len + len] = '\n';
	l->record_len += len + 1;
}

/* The checksum of a record is before it.  Another comment in between may be one that is damaged. */
static void mind_sum(struct load *l, enum leasetext_kind kind, const struct leasetext *t)
{
	if (kind == LEASETEXT_CHECKSUM) {
		l->sum = t->sum;
		l->record_len = 0;
	}
	l->summed = kind == LEASETEXT_CHECKSUM ||
		    (l->summed && (kind == LEASETEXT_SINCE || kind == LEASETEXT_UNCONFIRMED ||
				   kind == LEASETEXT_BLANK));
}

/* Returns true if T would end another lease. */
static bool overrides(const struct load *l, const struct leasetext *t)
{
	int prefix = find_configured(l, prefix_of(l, t));
	const struct lease *there = pool_find4(l->pool, t->addr);
	const struct lease *mine = NULL;

	if (prefix >= 0)
		mine = pool_find6(l->pool, &t->host, (unsigned)prefix);
	return there != mine;
}

/* A damaged line must not end the lease of another host.  Otherwise it is used: its addresses are
 * probably right. */
static bool is_usable(struct load *l, const struct leasetext *t)
{
	if (!l->summed || leasetext_sum(l->record, l->record_len) == l->sum)
		return true;
	say_bad(l, "does not fit its checksum");
	return !overrides(l, t);
}

/* Uses T, which is of KIND.  CUT: its end may be missing. */
static void take_text(struct load *l, enum leasetext_kind kind, struct leasetext *t, bool cut,
		      const char *why)
{
	switch (kind) {
	case LEASETEXT_LEASE:
		if (cut)
			take_cut_lease(l, t);
		else if (is_usable(l, t))
			take_lease(l, t);
		l->fourth = t->has_prefix;
		l->since = 0;
		l->leases++;
		break;
	case LEASETEXT_BAD:
		say_bad(l, why);
		l->since = 0;
		break;
	case LEASETEXT_END:
		end_lease(l, t);
		break;
	case LEASETEXT_SINCE:
		l->since = t->since;
		break;
	case LEASETEXT_DEFAULT:
		if (!l->half)
			take_prefix(l, t, false);
		break;
	case LEASETEXT_CHECKED:
		take_prefix(l, t, true);
		break;
	case LEASETEXT_CHECKSUM:
	case LEASETEXT_UNCONFIRMED:
	case LEASETEXT_CLOSED:
	case LEASETEXT_BLANK:
		break;
	}
}

static void take_line(struct load *l, char *line, size_t len, bool cut)
{
	struct leasetext t;
	char why[LEASETEXT_WHY];
	enum leasetext_kind kind;
	bool half;

	add_to_record(l, line, len);
	kind = leasetext_parse(line, len, cut, &t, why);
	half = l->half && (cut || kind == LEASETEXT_CLOSED);
	l->lines++;
	if (l->half && !half && kind != LEASETEXT_CHECKED && kind != LEASETEXT_BAD)
		mind_half(l, kind, &t);
	take_text(l, kind, &t, cut, why);
	mind_sum(l, kind, &t);
	l->unconfirmed = kind == LEASETEXT_UNCONFIRMED;
	l->half = half || kind == LEASETEXT_CHECKED;
}

/* Processes the complete lines of the LEN bytes at BUF.  Returns how many bytes remain. */
static size_t take_piece(struct load *l, char *buf, size_t len)
{
	char *p = buf, *end = buf + len, *newline;

	for (; (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
		take_line(l, p, (size_t)(newline - p), false);
	len = (size_t)(end - p);
	if (len == PIECE)
		len = LEASETEXT_MAX; /* too long in any case, or a comment */
	memmove(buf, p, len);
	return len;
}

static int read_all(struct load *l)
{
	char *buf = malloc(PIECE + 1); /* leasetext_parse() needs one byte after the line */
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
	l->torn = n == 0 && len > 0;
	if (l->torn)
		take_line(l, buf, len, true);
	free(buf);
	return n < 0 ? -1 : 0;
}

static void say_damage(struct load *l)
{
	struct leasefile *f = l->f;
	int kept = leasekeep_aside(f->dir, f->file.fd, true);

	if (l->bad > REPORTS)
		say(l, "%s: %zu more lines cannot be used", f->path, l->bad - REPORTS);
	if (kept > 0)
		say(l, "%s: %zu of %zu lines cannot be used; the file is kept as " LEASEKEEP_NAME,
		    f->path, l->bad, l->lines, kept);
	else
		say(l,
		    "%s: %zu of %zu lines cannot be used, and no copy of the file can be made: %s "
		    "(it is not rewritten until there is one; leases are added to it)",
		    f->path, l->bad, l->lines, strerror(errno));
	f->unkept = kept < 0;
}

/* Tells the end of a restored lease.  Its line came after those of its address in LEFT, whose
 * leases had ended before.  The end is put on record: after a crash, the next start adds
 * POOL_RESTAMP to the times, and must not bring the lease back. */
static void tell_restored(struct load *l, const struct lease *lease)
{
	if (l->lefts > 0)
		put_left(l, &(struct lease){.addr = lease->addr});
	l->ended(l->arg, lease);
	leasefile_append_end(l->f, lease, l->now);
}

/* Leases that were idle for too long were first restored, so that they override older ones.  Now
 * they end. */
static void drop_expired(struct load *l)
{
	struct lease last;
	unsigned n = 0;

	for (; pool_expire(l->pool, l->now, 1) > 0; n++)
		if (pool_ended(l->pool, &last))
			tell_restored(l, &last);
	if (n > 0)
		say(l,
		    "%s: %u leases ended: they were idle for longer than their dynamic-pool keeps "
		    "them",
		    l->f->path, n);
}

static void end_beyond_share(void *arg, const struct lease *lease)
{
	struct load *l = arg;
	char addr[ADDR_TEXT], host[ADDR_TEXT];

	if (l->trimmed++ < REPORTS)
		say(l, "%s: lease %s of %s removed: its network holds more leases than its share",
		    l->f->path, addr_text4(addr, lease->addr), addr_text6(host, &lease->host));
	tell_restored(l, lease);
}

/* The configured share may be lower than when the leases were assigned. */
static void drop_beyond_share(struct load *l)
{
	pool_trim(l->pool, end_beyond_share, l);
	if (l->trimmed > REPORTS)
		say(l, "%s: %zu more leases removed like these", l->f->path, l->trimmed - REPORTS);
	if (l->tail && !l->tail->live)
		l->tail = NULL;
}

/* Returns true if a following line without a prefix belongs to the only prefix.  If no prefix is
 * configured, it belongs to the first one that will be. */
static bool says_whose(const struct load *l)
{
	if (l->f->prefix_count == 0)
		return !l->whose.has_prefix;
	return l->checked && l->whose.has_prefix && find_configured(l, &l->whose) == 0;
}

/* A line that names a prefix is not the last one. */
static void repeat_prefix(const struct load *l)
{
	char text[LEASETEXT_MAX];

	leasestate_add(
		l->f, text,
		leasetext_format_default(text, l->whose.has_prefix ? &l->whose.prefix : NULL));
}

/* Other lines may follow then. */
static void add_marks(const struct load *l)
{
	if (l->torn)
		leasestate_add(l->f, LEASETEXT_CUT_SHORT, strlen(LEASETEXT_CUT_SHORT));
	else if (l->unconfirmed)
		leasestate_add(l->f, NO_LINE, strlen(NO_LINE));
	if (l->half)
		repeat_prefix(l);
	if (l->clean)
		leasestate_add(l->f, IN_USE, strlen(IN_USE));
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
	f->default_due = false; /* the first addition may complete an incomplete line */
	l.clean = ends_clean(f->file.fd);
	if (read_all(&l) < 0)
		return -1;
	f->now = now;
	f->base = wall - now;
	if (pool_sort(pool) < 0)
		return -1;
	f->file.lines = l.leases;
	add_marks(&l);
	drop_expired(&l);
	drop_beyond_share(&l);
	tell_left(&l);
	if (l.bad > 0)
		say_damage(&l);
	f->wanted = f->wanted || l.bad > 0 || l.tail || l.trimmed > 0 || l.superseded || l.unnamed;
	f->default_due = !says_whose(&l);
	if (l.tail) /* comes after the marks, so that it is not part of an incomplete line */
		leasefile_append(f, l.tail, now);
	return 0;
}
