/* fuzz_lease - an arbitrary lease file, compared with a naive model of its lines.
 *
 * Bits of the first byte of an input select the prefixes and the position in the file; the rest is
 * dynamic.map.  Linked with libFuzzer (--enable-fuzzer) or with replay.c, which `make check`
 * runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../src/lease/leasestate.h"
#include "lease/leasefile.h"
#include "support/plain_pool.h"

#include "fuzz_check.h"
#include "fuzz_files.h"
#include "replay.h"

#define NOW  2000000
#define WALL INT64_C(1700000000)

/* Bits of the first byte. */
#define VARIANT_TWO  0x40 /* two prefixes */
#define VARIANT_FAR  0x20 /* the text begins shortly before the end of the first piece */
#define VARIANT_NEAR 0x1f /* 8 times so many bytes before it */

#define PIECE  65536u /* as in leaseload.c */
#define LEASES 256    /* addresses of the pool */

static const struct prefix4 range = {0xc0000200, 24};
static const struct ip6 own6 = {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x64}};
static const struct prefix6 prefixes[2] = {{{{0x20, 0x01, 0x0d, 0xb8, 0, 0x64}}, 96},
					   {{{0x20, 0x01, 0x0d, 0xb8, 0, 0x65}}, 96}};

/* --- the model ------------------------------------------------------------------------------ */

struct entry { /* the lease of an address */
	struct ip6 host;
	unsigned prefix;
	int32_t last, saved, since;
	bool held, confirmed;
};

struct model {
	struct entry of[LEASES]; /* by the last byte of the address */
	size_t prefixes, bad, leases;
	bool clean, unconfirmed;
	struct leasetext whose;
	bool half;          /* the line before is LEASETEXT_CHECKED */
	const char *summed; /* begins after the line with SUM; NULL: there is none */
	uint32_t sum;
	int64_t since;
	const struct pool *fits; /* an empty pool */
	/* A last line without a newline: leases of this address or host may be there or not. */
	bool cut, torn;
	struct leasetext tail;
};

static int find_prefix(const struct model *m, const struct leasetext *t)
{
	for (size_t i = 0; t->has_prefix && i < m->prefixes; i++)
		if (prefix6_equal(&t->prefix, &prefixes[i]))
			return (int)i;
	return t->has_prefix ? -1 : 0;
}

static int prefix_of(const struct model *m, const struct leasetext *t)
{
	return find_prefix(m, t->has_prefix ? t : &m->whose);
}

/* Returns true if T would end another lease. */
static bool overrides(const struct model *m, const struct leasetext *t)
{
	int prefix = prefix_of(m, t);
	const struct entry *there = &m->of[t->addr % LEASES], *mine = NULL;

	if (!there->held || (t->addr & ~255u) != range.addr)
		there = NULL;
	for (size_t i = 0; i < LEASES; i++)
		if (m->of[i].held && (int)m->of[i].prefix == prefix &&
		    ip6_equal(&m->of[i].host, &t->host))
			mine = &m->of[i];
	return there != mine;
}

static bool is_host(const struct model *m, const struct leasetext *t)
{
	if (!addr_passes6(&t->host) || ip6_equal(&t->host, &own6))
		return false;
	for (size_t i = 0; i < m->prefixes; i++)
		if (addr_in6(&t->host, &prefixes[i]))
			return false;
	return true;
}

static int32_t saved_at(int64_t when)
{
	int64_t idle = when < WALL ? WALL - when : 0, most = POOL_KEEP + POOL_RESTAMP + 1;

	return NOW - (int32_t)(idle < most ? idle : most);
}

static int32_t began(const struct model *m, int32_t saved, int32_t before)
{
	int64_t when = NOW - (WALL - m->since);

	if (m->since == 0)
		return before;
	if (when <= POOL_UNKNOWN)
		return POOL_UNKNOWN;
	return when < saved ? (int32_t)when : saved;
}

static void take_lease(struct model *m, const struct leasetext *t)
{
	struct entry *e = &m->of[t->addr % LEASES];
	int32_t saved = saved_at(t->when), last = saved, before = POOL_UNKNOWN;
	int prefix = prefix_of(m, t);

	if (prefix < 0 || !is_host(m, t) || pool_fits(m->fits, &t->host, t->addr) != POOL_FITS) {
		m->bad++;
		if ((prefix < 0 || is_host(m, t)) && (t->addr & ~255u) == range.addr)
			e->held = false; /* the line overrides earlier ones of its address */
		return;
	}
	if (!m->clean)
		last = NOW - saved > POOL_RESTAMP ? saved + POOL_RESTAMP : NOW;
	if (e->held && e->prefix == (unsigned)prefix && ip6_equal(&e->host, &t->host)) {
		last = e->last > last ? e->last : last;
		saved = e->saved > saved ? e->saved : saved;
		before = e->since;
	}
	for (size_t i = 0; i < LEASES; i++)
		if (m->of[i].prefix == (unsigned)prefix && ip6_equal(&m->of[i].host, &t->host))
			m->of[i].held = false;
	*e = (struct entry){t->host, (unsigned)prefix, last, saved, began(m, saved, before),
			    true,    !m->unconfirmed};
}

/* A line that the formatter could have written must be accepted, and mean the same. */
static void expect_kept(const char *text, size_t len, enum leasetext_kind kind,
			const struct leasetext *t)
{
	char again[LEASETEXT_RECORD];
	struct leasetext plain = *t;

	if (kind != LEASETEXT_LEASE || t->when <= 0)
		return;
	plain.since = 0;
	plain.unconfirmed = false;
	if (leasetext_format(again, &plain) == len + 1 && memcmp(again, text, len) == 0)
		EXPECT(t->has_prefix == (memchr(text, '/', len) != NULL));
}

/* OPEN: T was incomplete, so the lines about the prefix are written once more after it. */
static void take_default(struct model *m, enum leasetext_kind kind, const struct leasetext *t,
			 bool open)
{
	bool same = kind == LEASETEXT_DEFAULT && leasetext_same_prefix(t, &m->whose);
	bool better = find_prefix(m, t) >= 0 && find_prefix(m, &m->whose) < 0;
	bool half = m->half;

	m->half = kind == LEASETEXT_CHECKED || (half && open);
	if (half && !open && !same && kind != LEASETEXT_CHECKED && kind != LEASETEXT_BAD)
		m->bad++;
	if (kind == LEASETEXT_CHECKED || (kind == LEASETEXT_DEFAULT && (!half || better)))
		m->whose = *t;
}

/* Returns true if the lease T, whose line ends at END, may be used. */
static bool fits_sum(struct model *m, const struct leasetext *t, const char *end)
{
	size_t len = m->summed ? (size_t)(end - m->summed) : 0;

	if (!m->summed || (len <= LEASETEXT_RECORD && leasetext_sum(m->summed, len) == m->sum))
		return true;
	m->bad++;
	return !overrides(m, t);
}

static void mind_sum(struct model *m, enum leasetext_kind kind, const struct leasetext *t,
		     const char *end)
{
	if (kind == LEASETEXT_CHECKSUM) {
		m->summed = end;
		m->sum = t->sum;
	} else if (kind != LEASETEXT_SINCE && kind != LEASETEXT_UNCONFIRMED &&
		   kind != LEASETEXT_BLANK) {
		m->summed = NULL;
	}
}

static void take_line(struct model *m, const char *text, size_t len, bool cut)
{
	struct leasetext t = {.addr = 0};
	char *line = (char *)fuzz_bytes(len + 1), why[LEASETEXT_WHY] = "";
	enum leasetext_kind kind;

	memcpy(line, text, len);
	kind = leasetext_parse(line, len, cut, &t, why);
	if (cut) {
		m->torn = true;
		m->cut = kind == LEASETEXT_LEASE;
		m->tail = t;
		kind = LEASETEXT_BLANK;
	}
	expect_kept(text, len, kind, &t);
	take_default(m, kind, &t, cut || kind == LEASETEXT_CLOSED);
	if (kind == LEASETEXT_LEASE && fits_sum(m, &t, text + len + 1))
		take_lease(m, &t);
	mind_sum(m, kind, &t, text + len + 1);
	if (kind == LEASETEXT_LEASE || kind == LEASETEXT_BAD)
		m->since = 0;
	m->bad += kind == LEASETEXT_BAD;
	m->leases += kind == LEASETEXT_LEASE;
	if (kind == LEASETEXT_END && (t.addr & ~255u) == range.addr)
		m->of[t.addr % LEASES].held = false;
	if (kind == LEASETEXT_SINCE)
		m->since = t.since;
	m->unconfirmed = kind == LEASETEXT_UNCONFIRMED;
	free(line);
}

static void read_model(struct model *m, const char *text, size_t len)
{
	static const char clean[] = "\n# clean\n";
	const size_t n = sizeof(clean) - 1;

	m->clean = len >= n && memcmp(text + len - n, clean, n) == 0;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : len - at;

		take_line(m, text + at, line, !end);
		at += line + 1;
	}
	for (size_t i = 0; i < LEASES; i++)
		if (m->of[i].held && NOW - m->of[i].last > POOL_KEEP)
			m->of[i].held = false;
}

/* --- the lease file ------------------------------------------------------------------------- */

struct place {
	struct leasefile *f;
	struct pool *pool;
	struct map_table *maps;
	unsigned said;
	size_t ends;
	struct lease ended[LEASES * 8];
};

static struct map_table *make_maps(size_t n)
{
	struct map_table *t = map_table_new();

	EXPECT(t != NULL);
	for (size_t i = 0; i < n; i++)
		EXPECT(map_add_prefix(t, &prefixes[i]));
	EXPECT(map_seal(t) == 0);
	return t;
}

static struct pool *make_pool(void)
{
	static const struct siphash_key key = {1, 2};
	struct pool *p = plain_pool(&range, 1, &key);

	EXPECT(p != NULL);
	return p;
}

static void note_line(void *arg, const char *line)
{
	struct place *p = arg;

	p->said++;
	for (; *line; line++)
		EXPECT(*line >= ' ' && *line <= '~');
}

static void note_end(void *arg, const struct lease *l)
{
	struct place *p = arg;

	for (size_t i = 0; i < p->ends; i++)
		EXPECT(p->ended[i].addr != l->addr); /* an end is told once */
	EXPECT(p->ends < sizeof(p->ended) / sizeof(*p->ended));
	p->ended[p->ends++] = *l;
}

/* Opens and reads the file, and writes the marks as the daemon does before its first burst. */
static void begin(struct place *p)
{
	char err[LEASEFILE_ERR] = "";

	p->said = 0;
	p->ends = 0;
	p->pool = make_pool();
	p->f = leasefile_open(fuzz_dir(), fuzz_dir(), err, sizeof(err));
	EXPECT(p->f != NULL);
	EXPECT(leasefile_load(p->f, p->pool, p->maps, &own6, NOW, WALL, note_line, note_end, p) ==
	       0);
	EXPECT(leasefile_commit(p->f) == 0 && leasefile_trouble(p->f) == 0);
}

/* As kill -9 would. */
static void crash(struct place *p)
{
	leasefile_close(p->f, NULL, p->maps, NOW, WALL);
	pool_free(p->pool);
}

/* Returns true if L may differ from the model because of a last line without a newline. */
static bool is_tail(const struct model *m, uint32_t addr, const struct ip6 *host)
{
	return m->cut && (addr == m->tail.addr || ip6_equal(host, &m->tail.host));
}

static void compare(const struct model *m, const struct pool *pool)
{
	size_t n = 0, held = 0, cursor = 0;
	const struct lease *l;

	while ((l = pool_walk(pool, &cursor))) {
		const struct entry *e = &m->of[l->addr % LEASES];

		EXPECT(pool_fits(pool, &l->host, l->addr) == POOL_FITS);
		EXPECT(pool_find4(pool, l->addr) == l);
		EXPECT(pool_find6(pool, &l->host, l->prefix) == l);
		if (is_tail(m, l->addr, &l->host))
			continue;
		EXPECT(e->held && ip6_equal(&e->host, &l->host) && e->prefix == l->prefix);
		EXPECT(e->last == l->last && e->saved == l->saved && e->since == l->since);
		EXPECT(e->confirmed == l->confirmed);
		n++;
	}
	for (size_t i = 0; i < LEASES; i++)
		held += m->of[i].held && !is_tail(m, range.addr | (uint32_t)i, &m->of[i].host);
	EXPECT(n == held);
}

/* Every start with damage keeps the file, and no other start. */
static void check_kept(const struct model *m, const struct place *p, const char *text, size_t len)
{
	char path[128], *kept = (char *)fuzz_bytes(len);
	FILE *in;

	snprintf(path, sizeof(path), "%s/" LEASEFILE_NAME ".bad-1", fuzz_dir());
	in = fopen(path, "r");
	EXPECT(m->bad == 0 || (in && p->said > 0 && p->f->wanted));
	EXPECT(m->bad > 0 || m->torn || !in);
	if (in) {
		EXPECT(fread(kept, 1, len, in) == len && memcmp(kept, text, len) == 0);
		fclose(in);
	}
	free(kept);
}

/* The marks at the end of the file change no lease: a start after a crash finds the same ones. */
static void check_again(struct place *p)
{
	struct place again = {.maps = p->maps};
	struct pool *before = p->pool;
	size_t n = 0, cursor = 0;
	const struct lease *l;

	p->pool = NULL;
	for (size_t i = 0; i < p->ends; i++)
		if (!pool_find4(before, p->ended[i].addr))
			leasefile_append_end(p->f, &p->ended[i], NOW);
	EXPECT(leasefile_commit(p->f) == 0);
	crash(p);
	begin(&again);
	for (; (l = pool_walk(before, &cursor)); n++) {
		const struct lease *same = pool_find4(again.pool, l->addr);

		EXPECT(same && ip6_equal(&same->host, &l->host) && same->prefix == l->prefix);
		EXPECT(same->saved == l->saved && same->since == l->since);
		EXPECT(same->last >= l->last && same->confirmed == l->confirmed);
	}
	EXPECT(n == pool_used(again.pool));
	crash(&again);
	pool_free(before);
}

/* Returns the file of the input. */
static char *make_text(const uint8_t *data, size_t size, size_t *len)
{
	size_t before = 0;
	char *text;

	if (data[0] & VARIANT_FAR)
		before = PIECE - 8u * (data[0] & VARIANT_NEAR);
	text = (char *)fuzz_bytes(before + size);
	memset(text, '#', before);
	if (before)
		text[before - 1] = '\n';
	memcpy(text + before, data + 1, size - 1);
	*len = before + size - 1;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.prefixes = 1};
	struct place p = {.f = NULL};
	struct pool *empty;
	size_t len;
	char *text;

	if (size == 0)
		return 0;
	m.prefixes += (data[0] & VARIANT_TWO) != 0;
	m.fits = empty = make_pool();
	p.maps = make_maps(m.prefixes);
	text = make_text(data, size, &len);
	fuzz_dir();
	fuzz_empty();
	fuzz_put(LEASEFILE_NAME, text, len);
	read_model(&m, text, len);
	begin(&p);
	compare(&m, p.pool);
	check_kept(&m, &p, text, len);
	check_again(&p);
	free(text);
	map_table_free(p.maps);
	pool_free(empty);
	return 0;
}
