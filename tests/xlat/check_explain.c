/* check_explain - compares the explanation with the translator on random configurations and
 * packets.  Rows check what decides, and asking has no side effect. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr_text.h"
#include "lib/wire.h"
#include "support/generated.h"
#include "support/rig.h"
#include "support/run.h"
#include "xlat/explain.h"

/* --- equal to the translator ---------------------------------------------------------------- */

#define BLOCK   100
#define PACKETS SHORTENED(200000)

static struct bench {
	struct generated g;
	struct xlat before;
	struct xlat_out out;
	struct xlat_explanation e;
	struct sample s;
	uint8_t room[XLAT_HEADROOM + SAMPLE_MAX], scratch_bytes[XLAT_SCRATCH];
	struct arena scratch;
	uint64_t seed;
	unsigned long seen[REASON_COUNT], by[BY_DRAIN + 1], leases, full;
} bench;

/* Chooses addresses that relate to the configuration. */
static void choose_sample(struct bench *b)
{
	static const uint8_t protos[] = {6, 6, 17, 17, 1, 58, 1, 58, 0, 2, 43, 44, 47, 50, 51, 60};
	static uint8_t packet[GENERATE_MAX];
	struct sample *s = &b->s;

	s->family = generate_below(2) ? 4 : 6;
	s->proto = protos[generate_below(sizeof(protos))];
	generate_sound(&b->g.model, s->family, packet);
	s->src4 = get32(packet + 12);
	s->dst4 = get32(packet + 16);
	memcpy(&s->src6, packet + 8, 16);
	memcpy(&s->dst6, packet + 24, 16);
}

static size_t used(const struct bench *b)
{
	return b->g.x.pool ? pool_used(b->g.x.pool) : 0;
}

/* Returns true if ADDRESS is at OFFSET of the first output. */
static bool is_there(const struct bench *b, size_t offset, const void *address, size_t len)
{
	return memcmp(b->out.output[0].head + offset, address, len) == 0;
}

static bool same_result(const struct bench *b)
{
	const struct xlat_explanation *e = &b->e;
	uint8_t src[4], dst[4];

	if (b->s.family == 4)
		return is_there(b, 8, &e->src6, 16) && is_there(b, 24, &e->dst6, 16) && e->has_dst6;
	put32(src, e->src4);
	put32(dst, e->dst4);
	return is_there(b, 12, src, 4) && is_there(b, 16, dst, 4);
}

/* Compares the error that the source got, or would have got without the rate limit. */
static bool same_icmp(const struct bench *b)
{
	bool got = b->out.answers + b->out.suppressed > 0, told = b->e.icmp.type != ICMP_NO_ANSWER;
	const uint8_t *icmp = b->out.output[0].head + (b->s.family == 4 ? 20 : 40);

	if (b->e.why == REASON_SELF_ECHO)
		return !told && got;
	if (b->g.conf.icmp_errors == ICMP_ERRORS_NEVER)
		return !told && b->out.answers == 0;
	if (!told || !b->out.answers)
		return told == got;
	return icmp[0] == b->e.icmp.type && icmp[1] == b->e.icmp.code;
}

static bool is_from_map(const struct map *m, uint32_t a4, const struct ip6 *a6)
{
	struct ip6 back;

	map_to6(m, a4, &back);
	addr_clean6(&back, m->p6.len + 32u - m->p4.len);
	return addr_in4(a4, &m->p4) && addr_in6(a6, &m->p6) &&
	       memcmp(&back, a6, (m->p6.len + 32u - m->p4.len) / 8) == 0;
}

/* Returns true if ITEM, for the end with addresses A4 and A6, translates one into the other. */
static bool makes(const struct bench *b, const struct xlat_item *item, uint32_t a4,
		  const struct ip6 *a6)
{
	const struct model *m = &b->g.model;
	const struct lease *l;

	switch (item->by) {
	case BY_MAP:
		return item->number < m->maps && is_from_map(&m->map[item->number], a4, a6);
	case BY_PREFIX:
		return item->number < m->prefixes && addr_in6(a6, &m->prefix[item->number]) &&
		       addr_extract(a6, &m->prefix[item->number]) == a4;
	case BY_LEASE:
	case BY_POOL:
		l = pool_find4(b->g.x.pool, item->addr4);
		return l && item->addr4 == a4 && ip6_equal(&l->host, a6);
	default:
		return false;
	}
}

/* Called after the translation, when a new lease exists: both ends are explained, in order. */
static bool items_are_right(const struct bench *b)
{
	const struct xlat_explanation *e = &b->e;
	const struct sample *s = &b->s;
	bool from4 = s->family == 4;
	unsigned last = 1;

	if (e->why != REASON_OK)
		return true;
	while (last < e->items && e->item[last].about == ABOUT_SOURCE)
		last++; /* the owner of the address that the source claims */
	return last < e->items && e->item[0].about == ABOUT_SOURCE &&
	       e->item[last].about == ABOUT_DESTINATION &&
	       makes(b, &e->item[0], from4 ? s->src4 : e->src4, from4 ? &e->src6 : &s->src6) &&
	       makes(b, &e->item[last], from4 ? s->dst4 : e->dst4, from4 ? &e->dst6 : &s->dst6);
}

/* Compares the networks of `allow' and `deny' with those of the model. */
static bool networks_are_right(const struct bench *b)
{
	const struct xlat_explanation *e = &b->e;
	const struct model *m = &b->g.model;

	for (unsigned i = 0; i < e->items; i++) {
		const struct ip6 *host = b->s.family == 6 ? &b->s.src6 : &e->dst6;
		size_t n = e->item[i].number;

		if (e->item[i].by == BY_ALLOW &&
		    (n >= m->allows ||
		     model_holds6(&m->allow[n], host) == (e->why == REASON_NOT_ALLOWED)))
			return false;
		if (e->item[i].by == BY_DENY &&
		    (n >= m->denies || !model_holds4(&m->deny[n], e->dst4)))
			return false;
	}
	return true;
}

static void print_case(const struct bench *b, const char *what)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	if (b->s.family == 4) {
		addr_text4(src, b->s.src4);
		addr_text4(dst, b->s.dst4);
	} else {
		addr_text6(src, &b->s.src6);
		addr_text6(dst, &b->s.dst6);
	}
	ck_abort_msg("seed %llu: %s -> %s, protocol %u: %s: explained as %s, items %u",
		     (unsigned long long)b->seed, src, dst, b->s.proto, what,
		     reason_table[b->e.why].name, b->e.items);
}

static void ask(struct bench *b)
{
	struct lease *oldest = b->g.x.pool ? pool_next(b->g.x.pool, NULL) : NULL;
	size_t leases = used(b);

	b->before = b->g.x;
	xlat_explain(&b->g.x, &b->s, b->g.now, &b->e);
	if (memcmp(&b->before, &b->g.x, sizeof(b->before)) != 0 || used(b) != leases ||
	    (oldest && pool_next(b->g.x.pool, NULL) != oldest))
		print_case(b, "something has changed");
}

static void send_sample(struct bench *b)
{
	struct lease was = {.live = false};
	size_t len = sample_write(b->room + XLAT_HEADROOM, &b->s);
	enum reason why;

	if (b->g.x.pool && b->s.family == 6)
		pool_ended(b->g.x.pool, &was);
	b->scratch.used = 0;
	b->out.record = NULL;
	why = xlat_packet(&b->g.x, b->room + XLAT_HEADROOM, len, NULL, b->g.now, &b->out);
	if (why != b->e.why)
		print_case(b, reason_table[why].name);
	if (b->e.would_lease != (b->out.record && !b->out.record->on_record))
		print_case(b, "a lease");
	if (b->out.record)
		pool_record(b->out.record, (int32_t)(b->g.now / 1000));
	if (why == REASON_OK && !same_result(b))
		print_case(b, "another result");
	if (why != REASON_OK && !same_icmp(b))
		print_case(b, "another ICMP message");
	if (!items_are_right(b) || !networks_are_right(b))
		print_case(b, "what decides is wrong");
}

static void note(struct bench *b)
{
	b->seen[b->e.why]++;
	b->leases += b->e.would_lease;
	for (unsigned i = 0; i < b->e.items; i++) {
		b->by[b->e.item[i].by]++;
		b->full += b->e.item[i].full;
	}
}

static void check_seen(const struct bench *b)
{
	static const enum reason wanted[] = {
		REASON_OK,          REASON_WKP_PRIVATE, REASON_RESERVED_DST,  REASON_SELF_ECHO,
		REASON_SELF_PROTO,  REASON_NO_MAP_DST,  REASON_NO_MAP_SRC,    REASON_POOL_FULL,
		REASON_ROUTED_BACK, REASON_DRAINING,    REASON_SRC_IN_PREFIX, REASON_PROTOCOL,
		REASON_BAD_ADDRESS, REASON_NOT_ALLOWED, REASON_DENIED,
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		ck_assert_msg(b->seen[wanted[i]] > 0, "no packet was %s",
			      reason_table[wanted[i]].name);
	for (int by = BY_OWN; by <= BY_DRAIN; by++)
		ck_assert_msg(b->by[by] > 0, "nothing was decided by %d", by);
	ck_assert_uint_gt(b->leases, 0);
	ck_assert_uint_gt(b->full, 0);
}

START_TEST(test_as_translated)
{
	struct bench *b = &bench;

	for (unsigned long n = 0; n < PACKETS; n += BLOCK) {
		b->seed = n / BLOCK + 1;
		generated_open(&b->g, b->seed);
		b->scratch = (struct arena){b->scratch_bytes, XLAT_SCRATCH, 0};
		b->out.scratch = &b->scratch;
		for (unsigned i = 0; i < BLOCK; i++) {
			generated_pass_time(&b->g);
			choose_sample(b);
			ask(b);
			send_sample(b);
			note(b);
		}
		generated_close(&b->g);
	}
	check_seen(b);
}
END_TEST

/* --- what decides --------------------------------------------------------------------------- */

static const char *const by_name[] = {"nothing", "own",    "routers", "map",  "lease",
				      "pool",    "prefix", "allow",   "deny", "translatable",
				      "strict",  "route",  "drain"};

#define POOL RIG_SETUP ";pool 10.77.0.0/28"
#define LAST RIG_SETUP ";pool 10.77.0.0/31"
#define MANY RIG_SETUP ";prefix 2001:db8:65::/96;map 10.9.9.0/24 2001:db8:9::/120"

#define FROM  RIG_SETUP ";pool 10.77.0.0/28 2001:db8:5::/48;pool 10.78.0.0/31 2001:db8:5:1::/64"
#define LEAVE ";allow 2001:db8:64::808:0/112;allow 2001:db8:5::/48"

static const struct row {
	const char *name, *setup, *first; /* FIRST: a packet sent before; NULL: none */
	const char *src, *dst;
	uint8_t proto;
	const char *by; /* the expected items, with their index if they have one */
	enum reason why;
} rows[] = {
	{"a mapped host to the world", MANY, NULL, "2001:db8:9::1", "2001:db8:65::808:808", 6,
	 "map:1 prefix:1", REASON_OK},
	{"the world to a mapped host", MANY, NULL, "8.8.8.8", "10.9.9.1", 6, "prefix:0 map:1",
	 REASON_OK},
	{"a mapped host to a mapped host", MANY, NULL, "203.0.113.7", "10.9.9.1", 6,
	 "prefix:0 map:1", REASON_OK},
	{"who speaks through a prefix", RIG_SETUP ";translatable 9.0.0.0/8;translatable 8.0.0.0/8",
	 NULL, "2001:db8:64::808:808", "2001:db8:64::101:101", 6,
	 "prefix:0 prefix:0 translatable:1", REASON_OK},
	{"who does not", RIG_SETUP ";translatable no", NULL, "2001:db8:64::808:808",
	 "2001:db8:64::101:101", 6, "prefix:0 prefix:0 translatable:0", REASON_SRC_IN_PREFIX},
	{"who says to be mapped", RIG_SETUP, NULL, "2001:db8:64::cb00:7101", "2001:db8:64::101:101",
	 6, "prefix:0 map:0 prefix:0", REASON_SRC_IN_PREFIX},
	{"who is mapped, to a mapped host", RIG_SETUP, NULL, "2001:db8:64::cb00:7101",
	 "2001:db8:1::2", 6, "prefix:0 map:0 map:0", REASON_OK},
	{"who says to be us", RIG_SETUP, NULL, "2001:db8:64::c000:2fe", "2001:db8:64::101:101", 6,
	 "prefix:0 own prefix:0", REASON_SRC_IN_PREFIX},
	{"who says to be a host of the pool", POOL, NULL, "2001:db8:64::a4d:3",
	 "2001:db8:64::101:101", 6, "prefix:0 pool prefix:0", REASON_SRC_IN_PREFIX},
	{"from our own address", RIG_SETUP, NULL, "2001:db8:ffff::64", "2001:db8:64::101:101", 6,
	 "own prefix:0", REASON_SRC_IN_PREFIX},
	{"a new host", POOL, NULL, "2001:db8:5::1", "2001:db8:64::101:101", 17, "pool prefix:0",
	 REASON_OK},
	{"a host with a lease", POOL, "6 s=2001:db8:5::1 d=2001:db8:64::808:808 | udp",
	 "2001:db8:5::1", "2001:db8:64::101:101", 58, "lease prefix:0", REASON_OK},
	{"the pool is full", LAST, "6 s=2001:db8:5::1 d=2001:db8:64::808:808 | udp",
	 "2001:db8:5::2", "2001:db8:64::101:101", 6, "pool:full prefix:0", REASON_POOL_FULL},
	{"no pool", RIG_SETUP, NULL, "2001:db8:5::2", "2001:db8:64::101:101", 6, "prefix:0",
	 REASON_NO_MAP_SRC},
	{"to an address that nobody has", POOL, NULL, "8.8.8.8", "10.77.0.3", 6, "pool",
	 REASON_NO_MAP_DST},
	{"from one", POOL, NULL, "10.77.0.3", "203.0.113.7", 6, "pool map:0", REASON_NO_MAP_SRC},
	{"to a router's", RIG_SETUP ";source 10.66.0.0/28", NULL, "8.8.8.8", "10.66.0.3", 1,
	 "routers", REASON_NO_MAP_DST},
	{"through the prefix, both", RIG_SETUP ";translatable no", NULL, "8.8.8.8", "1.1.1.1", 6,
	 "prefix:0 prefix:0 translatable:0", REASON_NO_MAP_DST},
	{"the Well-Known Prefix", RIG_SETUP ";prefix 64:ff9b::/96", NULL, "2001:db8:1::2",
	 "64:ff9b::10.1.1.1", 6, "prefix:1 strict", REASON_WKP_PRIVATE},
	{"into the device", RIG_SETUP ";route6 2001:db8:1::/64 here", NULL, "8.8.8.8",
	 "203.0.113.7", 6, "prefix:0 map:0 route", REASON_ROUTED_BACK},
	{"to us", RIG_SETUP, NULL, "8.8.8.8", "192.0.2.254", 1, "own", REASON_SELF_ECHO},
	{"to us", RIG_SETUP, NULL, "2001:db8:5::1", "2001:db8:ffff::64", 6, "own",
	 REASON_SELF_PROTO},
	{"not to be routed", RIG_SETUP, NULL, "127.0.0.1", "203.0.113.7", 6, "",
	 REASON_BAD_ADDRESS},
	{"a new host, by the second network that may", POOL LEAVE, NULL, "2001:db8:5::1",
	 "2001:db8:64::101:101", 17, "pool allow:1 prefix:0", REASON_OK},
	{"a host that may not", POOL LEAVE, NULL, "2001:db8:6::1", "2001:db8:64::101:101", 17,
	 "allow:0 prefix:0", REASON_NOT_ALLOWED},
	{"a host that may, where there is no pool", RIG_SETUP LEAVE, NULL, "2001:db8:5::1",
	 "2001:db8:64::101:101", 17, "allow:1 prefix:0", REASON_NO_MAP_SRC},
	{"a mapped host is not asked", POOL LEAVE, NULL, "2001:db8:1::5", "2001:db8:64::101:101", 6,
	 "map:0 prefix:0", REASON_OK},
	{"a host with a lease is not asked", POOL LEAVE,
	 "6 s=2001:db8:5::1 d=2001:db8:64::808:808 | udp", "2001:db8:5::1", "2001:db8:64::101:101",
	 6, "lease prefix:0", REASON_OK},
	{"the pool is full for one who may", LAST LEAVE,
	 "6 s=2001:db8:5::1 d=2001:db8:64::808:808 | udp", "2001:db8:5::2", "2001:db8:64::101:101",
	 6, "pool:full allow:1 prefix:0", REASON_POOL_FULL},
	{"a host that a pool is for", FROM, NULL, "2001:db8:5::1", "2001:db8:64::101:101", 6,
	 "pool prefix:0", REASON_OK},
	{"a host that no pool is for", FROM, NULL, "2001:db8:6::1", "2001:db8:64::101:101", 6,
	 "prefix:0", REASON_NO_MAP_SRC},
	{"the pool for a host is full", FROM, "6 s=2001:db8:5:1::1 d=2001:db8:64::808:808 | udp",
	 "2001:db8:5:1::2", "2001:db8:64::101:101", 6, "pool:full prefix:0", REASON_POOL_FULL},
	{"a translatable host that may", RIG_SETUP LEAVE, NULL, "2001:db8:64::808:808",
	 "2001:db8:64::101:101", 6, "prefix:0 allow:0 prefix:0 translatable:0", REASON_OK},
	{"a translatable host that may not", RIG_SETUP LEAVE, NULL, "2001:db8:64::909:909",
	 "2001:db8:64::101:101", 6, "prefix:0 allow:0 prefix:0 translatable:0", REASON_NOT_ALLOWED},
	{"who is not translatable is not asked more", RIG_SETUP LEAVE ";translatable no", NULL,
	 "2001:db8:64::808:808", "2001:db8:64::101:101", 6, "prefix:0 prefix:0 translatable:0",
	 REASON_SRC_IN_PREFIX},
	{"to a translatable host that may", RIG_SETUP LEAVE, NULL, "1.1.1.1", "8.8.8.8", 6,
	 "prefix:0 prefix:0 allow:0 translatable:0", REASON_OK},
	{"to one that may not", RIG_SETUP LEAVE, NULL, "1.1.1.1", "9.9.9.9", 6,
	 "prefix:0 prefix:0 allow:0 translatable:0", REASON_NOT_ALLOWED},
	{"to nobody", POOL ";deny 8.8.8.8;deny 1.1.0.0/16", NULL, "2001:db8:5::1",
	 "2001:db8:64::101:101", 6, "prefix:0 deny:1", REASON_DENIED},
	{"to nobody, by a map", MANY ";deny 10.9.9.0/24", NULL, "2001:db8:1::5", "2001:db8:9::1", 6,
	 "map:1 deny:0", REASON_DENIED},
	{"from whom nobody reaches", POOL ";deny 8.8.8.8", NULL, "8.8.8.8", "203.0.113.7", 6,
	 "prefix:0 map:0", REASON_OK},
	{"ICMP of the other family", RIG_SETUP, NULL, "8.8.8.8", "203.0.113.7", 58, "",
	 REASON_PROTOCOL},
};

static void read_sample(const struct row *row, struct sample *s)
{
	uint8_t b[4];

	memset(s, 0, sizeof(*s));
	s->proto = row->proto;
	s->family = strchr(row->src, ':') ? 6 : 4;
	if (s->family == 6) {
		ck_assert_int_eq(inet_pton(AF_INET6, row->src, &s->src6), 1);
		ck_assert_int_eq(inet_pton(AF_INET6, row->dst, &s->dst6), 1);
		return;
	}
	ck_assert_int_eq(inet_pton(AF_INET, row->src, b), 1);
	s->src4 = get32(b);
	ck_assert_int_eq(inet_pton(AF_INET, row->dst, b), 1);
	s->dst4 = get32(b);
}

static void describe(const struct xlat_explanation *e, char *to, size_t size)
{
	*to = '\0';
	for (unsigned i = 0; i < e->items; i++) {
		const struct xlat_item *item = &e->item[i];
		bool numbered = item->by == BY_MAP || item->by == BY_PREFIX ||
				item->by == BY_ALLOW || item->by == BY_DENY ||
				item->by == BY_TRANSLATABLE;
		size_t len = strlen(to);

		if (numbered)
			snprintf(to + len, size - len, "%s%s:%zu", i ? " " : "", by_name[item->by],
				 item->number);
		else
			snprintf(to + len, size - len, "%s%s%s", i ? " " : "", by_name[item->by],
				 item->full ? ":full" : "");
	}
}

START_TEST(test_by)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct rig rig;
		struct xlat_explanation e;
		struct sample s;
		char by[200];

		rig_open(&rig, rows[i].setup);
		if (rows[i].first)
			ck_assert_int_eq(rig_send_text(&rig, rows[i].first), REASON_OK);
		read_sample(&rows[i], &s);
		xlat_explain(&rig.x, &s, rig.now, &e);
		describe(&e, by, sizeof(by));
		ck_assert_msg(e.why == rows[i].why && strcmp(by, rows[i].by) == 0,
			      "%s: %s by \"%s\", not %s by \"%s\"", rows[i].name,
			      reason_table[e.why].name, by, reason_table[rows[i].why].name,
			      rows[i].by);
		rig_close(&rig);
	}
}
END_TEST

/* --- leases ---------------------------------------------------------------------------------- */

static struct rig rig;

static void ask_new(const char *host, struct xlat_explanation *e)
{
	struct sample s = {.family = 6, .proto = PROTO_UDP};

	inet_pton(AF_INET6, host, &s.src6);
	inet_pton(AF_INET6, "2001:db8:64::808:808", &s.dst6);
	xlat_explain(&rig.x, &s, rig.now, e);
}

/* The explanation predicts the right address also if the preferred one is taken, or if all leases
 * have been idle long enough. */
START_TEST(test_foretold)
{
	struct xlat_explanation e;
	char host[64], packet[128];

	rig_open(&rig, RIG_SETUP ";pool 10.77.0.0/28");
	for (int i = 1; i <= 40; i++) {
		struct ip6 a;
		struct lease *l;

		rig.now += 1000 * (POOL_GUARANTEE + 1) * (i > 15);
		snprintf(host, sizeof(host), "2001:db8:5::%x", i);
		inet_pton(AF_INET6, host, &a);
		ask_new(host, &e);
		ck_assert(e.why == REASON_OK && e.would_lease);
		snprintf(packet, sizeof(packet), "6 s=%s d=2001:db8:64::808:808 | udp", host);
		ck_assert_int_eq(rig_send_text(&rig, packet), REASON_OK);
		l = pool_find6(rig.x.pool, &a, 0);
		ck_assert_ptr_nonnull(l);
		ck_assert_uint_eq(l->addr, e.src4);
	}
	ask_new("2001:db8:5::99", &e);
	ck_assert_int_eq(e.why, REASON_OK);
	rig_close(&rig);
}
END_TEST

/* A question does not count as a packet of the host. */
START_TEST(test_no_touch)
{
	struct xlat_explanation e;
	struct lease *l;

	rig_open(&rig, RIG_SETUP ";pool 10.77.0.0/28");
	rig_send_text(&rig, "6 s=2001:db8:5::1 d=2001:db8:64::808:808 | udp");
	l = pool_next(rig.x.pool, NULL);
	rig.now += 5000000;
	ask_new("2001:db8:5::1", &e);
	ck_assert_int_eq(e.why, REASON_OK);
	ck_assert(!e.would_lease && e.src4 == l->addr);
	ck_assert_int_eq(l->last, 1000);
	rig_close(&rig);
}
END_TEST

/* Asking takes no token of the rate limit: the only one is still there. */
START_TEST(test_no_token)
{
	struct xlat_explanation e;
	struct sample s = {.family = 4, .proto = PROTO_TCP, .src4 = 0x08080808, .dst4 = 0x0a4d0003};

	rig_open(&rig, RIG_SETUP ";pool 10.77.0.0/28;rate 1 1");
	for (int i = 0; i < 10; i++) {
		xlat_explain(&rig.x, &s, rig.now, &e);
		ck_assert_uint_eq(e.icmp.type, ICMP4_UNREACH);
	}
	ck_assert_int_eq(rig_send_text(&rig, "4 s=8.8.8.8 d=10.77.0.3 | tcp"), REASON_NO_MAP_DST);
	ck_assert_uint_eq(rig.out.answers, 1);
	ck_assert_int_eq(rig_send_text(&rig, "4 s=8.8.8.8 d=10.77.0.3 | tcp"), REASON_NO_MAP_DST);
	ck_assert_uint_eq(rig.out.suppressed, 1);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tc = tcase_create("explain");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_by);
	tcase_add_test(tc, test_foretold);
	tcase_add_test(tc, test_no_touch);
	tcase_add_test(tc, test_no_token);
	tcase_add_test(tc, test_as_translated);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
