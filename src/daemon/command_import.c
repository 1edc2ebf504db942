/* command_import - answers `import`: takes over what other translators say about leases, which the
 * client sends as the body of its request.
 *
 * Records are used while they arrive, a few in each round of the loop, and each is decided on its
 * own.  What a round has changed is written before the next one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lease/leaseinput.h"
#include "map/pool_import.h"

#define SLICE_US    100   /* maximum time for which a slice delays packets */
#define CLOCK_EACH  4     /* number of lines between reads of the clock */
#define MOST_SAID   20    /* maximum number of refused records that the answer describes */
#define REASON_MAX  256   /* bytes */
#define AHEAD       5     /* seconds by which the clock of a peer may be ahead */
#define AHEAD_SAY   60000 /* ms between two warnings about that */
#define REPLACE_LEN 24    /* minimum length of the prefix to replace */
#define REPLACED    (1u << (32 - REPLACE_LEN))

static const char usage[] =
	"usage import [--known | --recover | --replace PREFIX] (PREFIX is IPv4, "
	"its length 24 to 32)\n";

struct import {
	struct leaseinput input;
	bool json, known, recover, replace;
	bool skipping;         /* the rest of a line that is too long */
	bool wrote;            /* in this slice */
	struct prefix4 wanted; /* its leases end if they are not in the body */
	size_t replaced;       /* number of its addresses that were examined after the body */
	uint8_t seen[REPLACED / 8];
	size_t lines, records, clamped, unreadable;
	size_t count[POOL_VERDICTS];
	size_t reasons;
	char reason[MOST_SAID][REASON_MAX];
};

/* --- refusals ------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void refuse(struct import *s, const char *format, ...)
{
	va_list args;

	s->count[POOL_REFUSE]++;
	if (s->reasons == MOST_SAID)
		return;
	va_start(args, format);
	vsnprintf(s->reason[s->reasons++], REASON_MAX, format, args);
	va_end(args);
}

static void refuse_record(struct import *s, const struct leaseinput_record *r, const char *why)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT];

	refuse(s, "line %zu: %s of %s: %s", s->lines, addr_text4(addr, r->addr),
	       addr_text6(host, &r->host), why);
}

static void refuse_line(struct import *s, const char *why)
{
	s->records++;
	s->unreadable++;
	refuse(s, "line %zu: %s", s->lines, why);
}

static const char *why_unfit(const struct daemon *d, const struct leaseinput_record *r)
{
	const struct pool *p = d->active->pool;

	switch (p ? pool_fits(p, &r->host, r->addr) : POOL_NOWHERE) {
	case POOL_NOT_ALLOWED:
		return "no allow contains its host";
	case POOL_NOWHERE:
		return "no dynamic-pool contains the address";
	case POOL_OF_OTHERS:
		return "the dynamic-pool is for other hosts";
	case POOL_RESERVED:
	case POOL_FITS:
		break;
	}
	return map_find4(d->active->conf->maps, r->addr) ? "the address is mapped"
							 : "the address is reserved";
}

/* Returns why the host of R needs no lease here; NULL if it may have one. */
static const char *why_no_host(const struct daemon *d, const struct leaseinput_record *r)
{
	const struct conf *c = d->active->conf;

	if (!addr_passes6(&r->host))
		return "its IPv6 address is not a host address";
	if (ip6_equal(&r->host, &c->xlat.own6) || map_find_prefix(c->maps, &r->host) >= 0)
		return "its IPv6 address needs no lease";
	return map_find6(c->maps, &r->host) ? "its host is mapped" : NULL;
}

static void refuse_contradiction(struct import *s, const struct leaseinput_record *r,
				 const struct pool_judgement *j)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], why[REASON_MAX];

	addr_text4(addr, j->lease->addr);
	addr_text6(host, &j->lease->host);
	snprintf(why, sizeof(why), "contradicts the lease of %s, which %s has here", addr, host);
	refuse_record(s, r, why);
}

static void refuse_judged(struct import *s, const struct daemon *d,
			  const struct leaseinput_record *r, const struct pool_judgement *j)
{
	switch (j->refusal) {
	case POOL_UNFIT:
		refuse_record(s, r, why_unfit(d, r));
		return;
	case POOL_OWNER_ENDS:
		refuse_record(s, r, "only this nat64d ends leases of this dynamic-pool");
		return;
	case POOL_ADDRESS_TAKEN:
	case POOL_HOST_HAS:
		refuse_contradiction(s, r, j);
	}
}

/* --- one record ----------------------------------------------------------------------------- */

/* Returns the index of the prefix of R, or -1 if it is not configured.  A record without a prefix
 * belongs to the first one, as in the lease file. */
static int find_prefix(const struct daemon *d, const struct leaseinput_record *r)
{
	const struct map_table *maps = d->active->conf->maps;

	if (r->prefix.len == 0)
		return 0;
	for (size_t i = 0; i < map_prefix_count(maps); i++)
		if (prefix6_equal(&r->prefix, map_prefix_at(maps, i)))
			return (int)i;
	return -1;
}

/* Converts a unix time to that of the pool, exactly as daemon_unix_time() does the reverse. */
static int32_t pool_time(const struct daemon *d, int64_t at)
{
	int64_t t = at - daemon_unix_time(d, 0);

	return t <= POOL_UNKNOWN ? POOL_UNKNOWN + 1 : t > INT32_MAX ? INT32_MAX : (int32_t)t;
}

static void say_ahead(struct daemon *d, int32_t seconds)
{
	if (d->now < d->import.ahead_at)
		return;
	log_warning("import: the clock of a peer is %d s ahead (set both clocks, for example with "
		    "NTP)",
		    (int)seconds);
	d->import.ahead_at = d->now + AHEAD_SAY;
}

/* A lease that was used in the future would win against all others. */
static int32_t not_in_future(struct daemon *d, struct import *s, int32_t at)
{
	int32_t now = daemon_seconds(d);

	if (at <= now)
		return at;
	if (at - now > AHEAD) {
		s->clamped++;
		say_ahead(d, at - now);
	}
	return now;
}

static struct pool_report report_of(struct daemon *d, struct import *s,
				    const struct leaseinput_record *r, unsigned prefix)
{
	struct pool_report p = {
		.host = r->host,
		.addr = r->addr,
		.prefix = prefix,
		.last = not_in_future(d, s, pool_time(d, r->last)),
		.since = POOL_UNKNOWN,
		.confirmed = r->confirmed,
		.ended = r->ended,
		.known = s->known,
		.recovers = s->recover,
		.replaces = s->replace,
	};

	if (r->since > 0)
		p.since = pool_time(d, r->since);
	p.since = p.since < p.last ? p.since : p.last;
	return p;
}

static void end_lease(struct daemon *d, struct import *s, struct lease *l)
{
	daemon_end_lease(d, l, LEASE_REPLACED);
	s->wrote = true;
}

/* The packets of the new lease must not overtake those of the leases that end. */
static void take(struct daemon *d, struct import *s, const struct pool_report *p,
		 const struct pool_judgement *j)
{
	struct lease *l;

	for (int i = 0; i < 2; i++)
		if (j->loser[i])
			end_lease(d, s, j->loser[i]);
	l = pool_take(d->active->pool, p);
	if (!l)
		return;
	daemon_lease_began(d, l, LEASE_IMPORTED);
	daemon_store_lease(d, l);
	s->wrote = true;
}

/* The owner tells what it hears from one peer to those that follow `watch`, for its other peers.  A
 * peer does not, because the owner knows. */
static void renew(struct daemon *d, struct import *s, const struct pool_report *p, struct lease *l)
{
	pool_renew(d->active->pool, l, p);
	if (!pool_outdated(l, l->last))
		return;
	if (pool_stands_by(d->active->pool, l->addr))
		daemon_store_lease(d, l);
	else
		daemon_record_lease(d, l);
	s->wrote = true;
}

static void use_record(struct daemon *d, struct import *s, const struct leaseinput_record *r)
{
	int prefix = find_prefix(d, r);
	const char *why = prefix < 0 ? "its prefix is not configured here" : why_no_host(d, r);
	struct pool_judgement j;
	struct pool_report p;

	if (!why && !d->active->pool)
		why = why_unfit(d, r);
	if (why) {
		refuse_record(s, r, why);
		return;
	}
	p = report_of(d, s, r, (unsigned)prefix);
	j = pool_judge(d->active->pool, &p, daemon_seconds(d));
	if (j.verdict == POOL_REFUSE)
		refuse_judged(s, d, r, &j);
	else
		s->count[j.verdict]++;
	if (j.verdict == POOL_TAKE)
		take(d, s, &p, &j);
	if (j.verdict == POOL_RENEW)
		renew(d, s, &p, j.lease);
	if (j.verdict == POOL_ENDED)
		end_lease(d, s, j.lease);
}

/* --- lines ---------------------------------------------------------------------------------- */

/* If the lease of R was not made, its address must not stay with another host. */
static void note_seen(const struct daemon *d, struct import *s, const struct leaseinput_record *r)
{
	const struct lease *l = d->active->pool ? pool_find4(d->active->pool, r->addr) : NULL;
	uint32_t i = r->addr % REPLACED;

	if (l && ip6_equal(&l->host, &r->host) && l->prefix == find_prefix(d, r))
		s->seen[i / 8] |= (uint8_t)(1u << i % 8);
}

static void use_line(struct daemon *d, struct import *s, char *line, size_t len)
{
	struct leaseinput_record r;
	char why[LEASETEXT_WHY];

	switch (leaseinput_read(&s->input, line, len, &r, why)) {
	case LEASEINPUT_NOTHING:
		break;
	case LEASEINPUT_BAD:
		refuse_line(s, why);
		break;
	case LEASEINPUT_RECORD:
		s->records++;
		if (s->replace && !addr_in4(r.addr, &s->wanted)) {
			refuse_record(s, &r, "the address is not in the prefix to replace");
			break;
		}
		use_record(d, s, &r);
		if (s->replace)
			note_seen(d, s, &r);
		break;
	}
}

/* Uses the line at TEXT, or the part of it that is there if it is too long.  Returns the number of
 * bytes used; 0: the line is not complete. */
static size_t next_line(struct daemon *d, struct import *s, char *text, size_t len, bool end)
{
	char *newline = memchr(text, '\n', len);
	size_t n = newline ? (size_t)(newline - text) : len;

	if (!newline && !end && n < LEASEINPUT_LINE)
		return 0;
	if (!s->skipping) {
		s->lines++;
		if (n >= LEASEINPUT_LINE)
			refuse_line(s, "is too long");
		else if (!newline)
			refuse_line(s, "is cut short (no newline at the end)");
		else
			use_line(d, s, text, n);
	}
	s->skipping = !newline;
	return n + (newline != NULL);
}

/* --- the leases that the body lacks ---------------------------------------------------------- */

/* A reload may have changed the range since the request began. */
static void replace_next(struct daemon *d, struct import *s)
{
	uint32_t addr = s->wanted.addr + (uint32_t)s->replaced++, i = addr % REPLACED;
	const struct pool *p = d->active->pool;
	struct lease *l = p && pool_stands_by(p, addr) ? pool_find4(p, addr) : NULL;

	if (!l || s->seen[i / 8] & 1u << i % 8)
		return;
	end_lease(d, s, l);
	s->count[POOL_ENDED]++;
}

/* If a line was unreadable, it may have been about any lease, so none ends.  Returns true if all
 * addresses were examined. */
static bool replace_some(struct daemon *d, struct import *s, int64_t until)
{
	size_t addresses = (size_t)1 << (32 - s->wanted.len);

	if (!s->replace || s->unreadable > 0)
		return true;
	while (s->replaced < addresses && (s->replaced % CLOCK_EACH > 0 || clock_us() < until))
		replace_next(d, s);
	return s->replaced == addresses;
}

/* --- the answer ----------------------------------------------------------------------------- */

static void add_json(const struct import *s, struct answer *a)
{
	answer_add(a,
		   "{\"records\": %zu, \"taken\": %zu, \"same\": %zu, \"renewed\": %zu, "
		   "\"older\": %zu, \"ended\": %zu, \"refused\": %zu, \"clamped\": %zu, "
		   "\"errors\": [",
		   s->records, s->count[POOL_TAKE], s->count[POOL_SAME], s->count[POOL_RENEW],
		   s->count[POOL_OLDER], s->count[POOL_ENDED], s->count[POOL_REFUSE], s->clamped);
	for (size_t i = 0; i < s->reasons; i++) {
		answer_add(a, i > 0 ? ", " : "");
		answer_json(a, s->reason[i]);
	}
	answer_add(a, "]}\n");
}

static void add_summary(const struct import *s, struct answer *a)
{
	answer_add(a,
		   "%zu record%s: %zu taken, %zu same, %zu renewed, %zu older, %zu ended, %zu "
		   "refused\n",
		   s->records, s->records == 1 ? "" : "s", s->count[POOL_TAKE], s->count[POOL_SAME],
		   s->count[POOL_RENEW], s->count[POOL_OLDER], s->count[POOL_ENDED],
		   s->count[POOL_REFUSE]);
}

static void add_reasons(const struct import *s, struct answer *a)
{
	for (size_t i = 0; i < s->reasons; i++)
		answer_add(a, "%s\n", s->reason[i]);
	if (s->count[POOL_REFUSE] > s->reasons)
		answer_add(a, "%zu more like these\n", s->count[POOL_REFUSE] - s->reasons);
}

/* The first line of a failure has the summary, which nat64ctl prints last. */
static void add_answer(const struct import *s, struct answer *a)
{
	bool good = s->count[POOL_REFUSE] == 0;

	answer_add(a, good ? "ok\n" : "error ");
	if (!s->json || !good)
		add_summary(s, a);
	if (s->json)
		add_json(s, a);
	else
		add_reasons(s, a);
}

/* --- the body ------------------------------------------------------------------------------- */

static size_t hear(void *arg, struct answer *a, char *text, size_t len, bool end)
{
	struct daemon *d = arg;
	struct import *s = a->state;
	int64_t until = clock_us() + SLICE_US;
	size_t used = 0, n = 1;

	for (unsigned i = 1; used < len && n > 0; i++) {
		n = next_line(d, s, text + used, len - used, end);
		used += n;
		if (i % CLOCK_EACH == 0 && clock_us() >= until)
			break;
	}
	if (end && used == len && replace_some(d, s, until)) {
		add_answer(s, a);
		a->hear = NULL;
	}
	if (s->wrote)
		daemon_write_leases(d);
	s->wrote = false;
	return used;
}

/* --- the request ---------------------------------------------------------------------------- */

/* Reads the prefix to replace.  False if it is none; A then has the reason. */
static bool read_prefix(const struct daemon *d, struct import *s, const char *word,
			struct answer *a)
{
	const struct pool *p = d->active->pool;
	struct prefix place;
	bool one;

	if (!command_read_place(word, &place, &one, a))
		return false;
	if (place.family != 4 || place.len < REPLACE_LEN) {
		answer_add(a, "%s", usage);
		return false;
	}
	s->replace = true;
	s->wanted = (struct prefix4){place.addr4, place.len};
	for (uint32_t i = 0; i < 1u << (32 - place.len); i++) {
		if (p && pool_stands_by(p, place.addr4 + i))
			continue;
		answer_add(a, "error %s: no dynamic-pool that stands by contains it\n", word);
		return false;
	}
	return true;
}

static bool read_words(const struct daemon *d, struct import *s, const struct control_request *r,
		       struct answer *a)
{
	for (unsigned i = 1; i < r->words; i++) {
		if (strcmp(r->word[i], "--known") == 0) {
			s->known = true;
		} else if (strcmp(r->word[i], "--recover") == 0) {
			s->recover = true;
		} else if (strcmp(r->word[i], "--replace") == 0 && i + 1 < r->words) {
			if (!read_prefix(d, s, r->word[++i], a))
				return false;
		} else {
			answer_add(a, "%s", usage);
			return false;
		}
	}
	return true;
}

void command_import(void *arg, const struct control_request *r, struct answer *a)
{
	struct import *s = calloc(1, sizeof(*s));

	if (!s) {
		answer_add(a, "error out of memory\n");
		return;
	}
	a->state = s;
	s->json = r->json;
	if (read_words(arg, s, r, a))
		a->hear = hear;
}
