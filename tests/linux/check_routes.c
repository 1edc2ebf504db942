/* check_routes - parses the kernel's messages about IPv6 routes, and computes which of our
 * destinations would be routed back to us. */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/linux/routes_impl.h"
#include "support/run.h"

#define DEVICE 7
#define OTHER  3

static struct ip6 v6(const char *text)
{
	struct ip6 a;

	ck_assert_msg(inet_pton(AF_INET6, text, a.b) == 1, "%s", text);
	return a;
}

/* The contents of a message about a route, where they are not zero. */
struct said {
	const char *to; /* NULL: the end of a row */
	unsigned len, device;
	unsigned table; /* 0: main */
	unsigned type;  /* 0: unicast */
	unsigned metric;
	unsigned hops[3]; /* interfaces of a multipath route */
	unsigned flags, src_len;
	unsigned family; /* 0: IPv6 */
};

/* --- messages as the kernel writes them ------------------------------------------------------ */

struct buffer {
	uint8_t bytes[4096];
	size_t len;
};

static void put(struct buffer *b, const void *data, size_t len)
{
	ck_assert_uint_le(b->len + len + 4, sizeof(b->bytes));
	memcpy(b->bytes + b->len, data, len);
	b->len += len;
	while (b->len % 4)
		b->bytes[b->len++] = 0;
}

static void put_attr(struct buffer *b, uint16_t type, const void *data, size_t len)
{
	struct rtattr a = {(uint16_t)(sizeof(a) + len), type};

	put(b, &a, sizeof(a));
	put(b, data, len);
}

static void put_u32(struct buffer *b, uint16_t type, uint32_t value)
{
	if (value > 0)
		put_attr(b, type, &value, sizeof(value));
}

/* Each next hop has a gateway, as most have. */
static void put_hops(struct buffer *b, const unsigned *device)
{
	struct buffer all = {.len = 0};
	struct ip6 gateway = v6("fe80::1");

	for (int i = 0; i < 3 && device[i]; i++) {
		struct rtnexthop hop = {.rtnh_len = sizeof(hop) + 4 + 16,
					.rtnh_ifindex = (int)device[i]};

		put(&all, &hop, sizeof(hop));
		put_attr(&all, RTA_GATEWAY, &gateway, sizeof(gateway));
	}
	if (all.len > 0)
		put_attr(b, RTA_MULTIPATH, all.bytes, all.len);
}

static size_t begin(struct buffer *b, uint16_t type, uint32_t seq, unsigned flags)
{
	struct nlmsghdr nh = {.nlmsg_type = type, .nlmsg_seq = seq, .nlmsg_flags = (uint16_t)flags};
	size_t at = b->len;

	put(b, &nh, sizeof(nh));
	return at;
}

static void end(struct buffer *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at);

	memcpy(b->bytes + at, &len, sizeof(len));
}

static void put_route(struct buffer *b, uint16_t type, uint32_t seq, const struct said *s)
{
	unsigned table = s->table ? s->table : RT_TABLE_MAIN;
	struct rtmsg route = {.rtm_family = (uint8_t)(s->family ? s->family : AF_INET6),
			      .rtm_dst_len = (uint8_t)s->len,
			      .rtm_src_len = (uint8_t)s->src_len,
			      .rtm_table = (uint8_t)(table < 256 ? table : RT_TABLE_COMPAT),
			      .rtm_type = (uint8_t)(s->type ? s->type : RTN_UNICAST),
			      .rtm_flags = s->flags};
	size_t at = begin(b, type, seq, NLM_F_MULTI);
	struct ip6 to = v6(s->to);

	put(b, &route, sizeof(route));
	put_u32(b, RTA_TABLE, table);
	if (s->len > 0)
		put_attr(b, RTA_DST, &to, sizeof(to));
	put_u32(b, RTA_PRIORITY, s->metric ? s->metric : 1024);
	put_u32(b, RTA_OIF, s->device);
	put_hops(b, s->hops);
	end(b, at);
}

static void put_done(struct buffer *b, uint32_t seq, unsigned flags)
{
	int zero = 0;
	size_t at = begin(b, NLMSG_DONE, seq, NLM_F_MULTI | flags);

	put(b, &zero, sizeof(zero));
	end(b, at);
}

/* --- what is watched ------------------------------------------------------------------------- */

static const char *const prefixes[] = {
	"64:ff9b::", "96", "2001:db8:64::", "48", "2001:db8:64::", "96", "2001:db8:77::",
	"120",       NULL};

/* For a map of 192.0.2.0/24 to 2001:db8:77::/120. */
static const char *const fewer[] = {"2001:db8:64::", "96", "2001:db8:77::", "120", NULL};

static void prepare(struct routes *r, const char *const *of, const struct prefix *own, size_t n)
{
	struct prefix6 scope[8];
	size_t found = 0;

	for (; *of; of += 2)
		scope[found++] = (struct prefix6){v6(of[0]), (uint8_t)atoi(of[1])};
	ck_assert_int_eq(routes_prepare(r, scope, found, own, n), 0);
}

static struct routes *watch(const char *const *of, const struct prefix *own, size_t n)
{
	struct routes *r = routes_new(DEVICE);

	ck_assert_ptr_nonnull(r);
	prepare(r, of, own, n);
	routes_commit(r, 0);
	return r;
}

static bool ours(const struct routes *r, const char *a)
{
	struct ip6 to = v6(a);

	return lpm_find(routes_table(r), to.b) == 1;
}

/* Passes all of ROUTES, and the end, as one dump. */
static void dump(struct routes *r, const struct said *routes, unsigned flags)
{
	struct buffer b = {.len = 0};

	r->dumping = true;
	r->found.n = 0;
	r->torn = r->stale = false;
	for (; routes->to; routes++)
		put_route(&b, RTM_NEWROUTE, r->seq, routes);
	put_done(&b, r->seq, flags);
	routes_take_dump(r, b.bytes, b.len);
	ck_assert(!r->dumping);
}

static const struct dump_row {
	const char *name;
	struct said routes[6];
	const char *ours[4], *elsewhere[4];
} dump_rows[] = {
	{"no route at all", {{NULL}}, {NULL}, {"64:ff9b::1"}},
	{"the prefix, by hand",
	 {{"64:ff9b::", 96, .device = DEVICE}},
	 {"64:ff9b::1"},
	 {"64:ff9a::1", "2001:db8:64::1"}},
	{"the prefix on another device",
	 {{"64:ff9b::", 96, .device = OTHER}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"a shorter prefix around it",
	 {{"64:ff9b::", 32, .device = DEVICE}},
	 {"64:ff9b::1"},
	 {"2001:db8:64::1"}},
	{"the default route",
	 {{"::", 0, .device = DEVICE}},
	 {"64:ff9b::1", "2001:db8:64:1::1"},
	 {NULL}},
	{"a default route elsewhere",
	 {{"::", 0, .device = OTHER}, {"64:ff9b::", 96, .device = DEVICE}},
	 {"64:ff9b::1"},
	 {"2001:db8:64::1"}},
	{"a hole in the prefix",
	 {{"64:ff9b::102:0", 112, .device = OTHER}, {"64:ff9b::", 96, .device = DEVICE}},
	 {"64:ff9b::1", "64:ff9b::103:1"},
	 {"64:ff9b::102:1"}},
	{"a part of the prefix only",
	 {{"64:ff9b::102:0", 112, .device = DEVICE}, {"64:ff9b::", 96, .device = OTHER}},
	 {"64:ff9b::102:1"},
	 {"64:ff9b::1", "64:ff9b::103:1"}},
	{"a hole in a hole",
	 {{"64:ff9b::", 96, .device = DEVICE},
	  {"64:ff9b::a00:0", 104, .device = OTHER},
	  {"64:ff9b::a01:0", 112, .device = DEVICE},
	  {"64:ff9b::a01:5", 128, .device = OTHER}},
	 {"64:ff9b::1", "64:ff9b::a01:1", "64:ff9b::b00:1"},
	 {"64:ff9b::a00:1", "64:ff9b::a01:5"}},
	{"of nested prefixes, the longer one",
	 {{"2001:db8:64::", 96, .device = DEVICE}, {"2001:db8:64::", 48, .device = OTHER}},
	 {"2001:db8:64::1"},
	 {"2001:db8:64:1::1"}},
	{"the lower metric, first",
	 {{"64:ff9b::", 96, .device = DEVICE, .metric = 10},
	  {"64:ff9b::", 96, .device = OTHER, .metric = 20}},
	 {"64:ff9b::1"},
	 {NULL}},
	{"the lower metric, last",
	 {{"64:ff9b::", 96, .device = DEVICE, .metric = 20},
	  {"64:ff9b::", 96, .device = OTHER, .metric = 10}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"the same metric: ours may be effective",
	 {{"64:ff9b::", 96, .device = OTHER}, {"64:ff9b::", 96, .device = DEVICE}},
	 {"64:ff9b::1"},
	 {NULL}},
	{"one next hop of several",
	 {{"64:ff9b::", 96, .hops = {OTHER, DEVICE, 5}}},
	 {"64:ff9b::1"},
	 {NULL}},
	{"no next hop of several", {{"64:ff9b::", 96, .hops = {OTHER, 5}}}, {NULL}, {"64:ff9b::1"}},
	{"a blackhole in the prefix",
	 {{"64:ff9b::", 96, .device = DEVICE},
	  {"64:ff9b::1:0", 112, .type = RTN_BLACKHOLE},
	  {"64:ff9b::2:0", 112, .type = RTN_UNREACHABLE},
	  {"64:ff9b::3:0", 112, .device = DEVICE, .type = RTN_PROHIBIT}},
	 {"64:ff9b::4:0"},
	 {"64:ff9b::1:1", "64:ff9b::2:1", "64:ff9b::3:1"}},
	{"the machine's own address",
	 {{"64:ff9b::", 96, .device = DEVICE},
	  {"64:ff9b::5", 128, .device = DEVICE, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL}},
	 {"64:ff9b::4"},
	 {"64:ff9b::5"}},
	{"the table local is asked before the table main",
	 {{"64:ff9b::a00:0", 104, .device = OTHER, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL},
	  {"64:ff9b::a00:1", 128, .device = DEVICE},
	  {"64:ff9b::", 96, .device = DEVICE}},
	 {"64:ff9b::1"},
	 {"64:ff9b::a00:1"}},
	{"local, and the same in main",
	 {{"64:ff9b::", 96, .device = DEVICE, .metric = 1},
	  {"64:ff9b::", 96, .device = OTHER, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"another table",
	 {{"64:ff9b::", 96, .device = DEVICE, .table = 100}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"a table with a large number",
	 {{"64:ff9b::", 96, .device = DEVICE, .table = 70000}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"a route for some sources only",
	 {{"64:ff9b::", 96, .device = DEVICE, .src_len = 64}},
	 {NULL},
	 {"64:ff9b::1"}},
	{"a cloned route",
	 {{"64:ff9b::", 96, .device = DEVICE},
	  {"64:ff9b::9", 128, .device = OTHER, .flags = RTM_F_CLONED}},
	 {"64:ff9b::9"},
	 {NULL}},
	{"IPv4", {{"64:ff9b::", 96, .device = DEVICE, .family = AF_INET}}, {NULL}, {"64:ff9b::1"}},
	{"a mapped network",
	 {{"2001:db8:77::", 64, .device = DEVICE}, {"2001:db8:77::9", 128, .device = OTHER}},
	 {"2001:db8:77::1"},
	 {"2001:db8:77::9"}},
	{"an impossible length", {{"64:ff9b::", 129, .device = DEVICE}}, {NULL}, {"64:ff9b::1"}},
};

START_TEST(dumped)
{
	const struct dump_row *row = &dump_rows[_i];
	struct routes *r = watch(prefixes, NULL, 0);

	dump(r, row->routes, 0);
	ck_assert(!r->stale);
	for (int i = 0; i < 4 && row->ours[i]; i++)
		ck_assert_msg(ours(r, row->ours[i]), "%s: %s", row->name, row->ours[i]);
	for (int i = 0; i < 4 && row->elsewhere[i]; i++)
		ck_assert_msg(!ours(r, row->elsewhere[i]), "%s: %s", row->name, row->elsewhere[i]);
	routes_free(r);
}
END_TEST

/* Of a table with very many routes, only the relevant ones use memory. */
START_TEST(kept)
{
	struct said routes[] = {{"2001:db8:64::", 64, .device = OTHER},
				{"2001:db8:65::", 48, .device = DEVICE},
				{NULL}};
	struct routes *r = watch(prefixes, NULL, 0);

	dump(r, routes, 0);
	ck_assert_uint_eq(r->known.n, 1);
	ck_assert(!ours(r, "2001:db8:65::1"));
	routes_free(r);
}
END_TEST

static const struct news_row {
	const char *name;
	struct said about;
	bool gone, matters;
} news_rows[] = {
	{"the prefix", {"64:ff9b::", 96, .device = DEVICE}, false, true},
	{"the prefix, gone", {"64:ff9b::", 96, .device = DEVICE}, true, true},
	{"inside", {"64:ff9b::a00:0", 104, .device = OTHER}, false, true},
	{"around", {"2001:db8::", 32, .device = OTHER}, true, true},
	{"around, with host bits set", {"2001:db8:63::", 32, .device = OTHER}, true, true},
	{"the default route", {"::", 0, .device = OTHER}, false, true},
	{"inside, after a longer prefix", {"2001:db8:64:1::", 64, .device = OTHER}, false, true},
	{"a mapped network", {"2001:db8:77::", 120, .device = DEVICE}, false, true},
	{"a mapped host", {"2001:db8:77::9", 128, .device = OTHER}, false, true},
	{"around a mapped network", {"2001:db8:77::", 48, .device = DEVICE}, true, true},
	{"next to a mapped network", {"2001:db8:77::100", 120, .device = DEVICE}, false, false},
	{"an address of the machine",
	 {"64:ff9b::1", 128, .device = 1, .table = RT_TABLE_LOCAL},
	 false,
	 true},
	{"before all prefixes", {"64:ff9a::", 32, .device = DEVICE}, false, false},
	{"between two", {"2001:db8:63::", 48, .device = DEVICE}, false, false},
	{"between two, gone", {"2001:db8:63::", 48, .device = DEVICE}, true, false},
	{"after all prefixes", {"2001:db8:65::", 48, .device = DEVICE}, false, false},
	{"another table", {"64:ff9b::", 96, .device = DEVICE, .table = 100}, false, false},
	{"a cloned route", {"64:ff9b::1", 128, .device = 1, .flags = RTM_F_CLONED}, false, false},
	{"IPv4", {"64:ff9b::", 32, .device = DEVICE, .family = AF_INET}, false, false},
};

/* A message that is cut off after its prefix is parsed up to there. */
START_TEST(news)
{
	const struct news_row *row = &news_rows[_i];
	struct routes *r = watch(prefixes, NULL, 0);
	struct buffer b = {.len = 0};

	put_route(&b, row->gone ? RTM_DELROUTE : RTM_NEWROUTE, 99, &row->about);
	for (int cut = 0; cut < 2; cut++) {
		r->stale = r->torn = false;
		r->dumping = cut;
		routes_take_news(r, b.bytes, b.len - (cut ? 8 : 0));
		ck_assert_msg(r->stale == row->matters, "%s", row->name);
		ck_assert_msg(!r->torn || (cut && row->gone), "%s: torn", row->name);
	}
	routes_free(r);
}
END_TEST

/* Messages of any length are parsed without errors, and without reads past their end. */
START_TEST(cut_short)
{
	struct said route = {"64:ff9b::", 96, .hops = {OTHER, DEVICE}};
	struct routes *r = watch(prefixes, NULL, 0);
	struct buffer b = {.len = 0};

	put_route(&b, RTM_NEWROUTE, r->seq, &route);
	for (size_t len = 0; len <= b.len; len++) {
		uint32_t stated = (uint32_t)len;
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, b.bytes, len);
		routes_take_news(r, copy, len);
		if (len >= sizeof(stated))
			memcpy(copy, &stated, sizeof(stated));
		r->dumping = true;
		routes_take_dump(r, copy, len);
		ck_assert(r->dumping);
		free(copy);
	}
	ck_assert_uint_gt(r->found.n, 0);
	routes_free(r);
}
END_TEST

static const struct said by_hand[] = {{"64:ff9b::", 96, .device = DEVICE}, {NULL}};
static const struct said gone[] = {{NULL}};

/* The table only changes if some destination leads elsewhere. */
static const struct change_row {
	const char *name;
	struct said before[4], after[4];
	bool changed;
} change_rows[] = {
	{"no routes before and after", {{NULL}}, {{NULL}}, false},
	{"the very same", {{"::", 0, .device = OTHER}}, {{"::", 0, .device = OTHER}}, false},
	{"the same in another order",
	 {{"64:ff9b::", 96, .device = DEVICE}, {"::", 0, .device = OTHER}},
	 {{"::", 0, .device = OTHER}, {"64:ff9b::", 96, .device = DEVICE}},
	 false},
	{"another metric",
	 {{"64:ff9b::", 96, .device = DEVICE, .metric = 1}},
	 {{"64:ff9b::", 96, .device = DEVICE, .metric = 2}},
	 false},
	{"another device, which is not ours",
	 {{"::", 0, .device = OTHER}},
	 {{"::", 0, .device = OTHER + 1}},
	 false},
	{"another route that leads where the one around it does",
	 {{"64:ff9b::", 96, .device = DEVICE}},
	 {{"64:ff9b::", 96, .device = DEVICE}, {"64:ff9b::a00:0", 104, .device = DEVICE}},
	 false},
	{"the first", {{NULL}}, {{"64:ff9b::", 96, .device = DEVICE}}, true},
	{"the last", {{"64:ff9b::", 96, .device = DEVICE}}, {{NULL}}, true},
	{"to our device",
	 {{"64:ff9b::", 96, .device = OTHER}},
	 {{"64:ff9b::", 96, .device = DEVICE}},
	 true},
	{"to a wider one",
	 {{"64:ff9b::", 96, .device = DEVICE}},
	 {{"64:ff9b::", 64, .device = DEVICE}},
	 true},
	{"to another destination",
	 {{"2001:db8:77::8", 128, .device = DEVICE}},
	 {{"2001:db8:77::9", 128, .device = DEVICE}},
	 true},
	{"a hole moves",
	 {{"64:ff9b::", 96, .device = DEVICE}, {"64:ff9b::a00:0", 104, .device = OTHER}},
	 {{"64:ff9b::", 96, .device = DEVICE}, {"64:ff9b::b00:0", 104, .device = OTHER}},
	 true},
};

START_TEST(changes)
{
	const struct change_row *row = &change_rows[_i];
	struct routes *r = watch(prefixes, NULL, 0);
	unsigned long before;

	dump(r, row->before, 0);
	before = routes_changes(r);
	for (int i = 0; i < 3; i++)
		dump(r, row->after, 0);
	ck_assert_msg(routes_changes(r) - before == row->changed, "%s: %lu changes", row->name,
		      routes_changes(r) - before);
	routes_free(r);
}
END_TEST

/* The kernel's routes replace those of the configuration, even if no earlier dump contradicted
 * those. */
START_TEST(changes_configured)
{
	struct prefix route = {.family = 6, .len = 96, .addr6 = v6("64:ff9b::")};
	struct routes *r = watch(fewer, NULL, 0);
	unsigned long before;

	dump(r, gone, 0);
	before = routes_changes(r);
	prepare(r, prefixes, &route, 1);
	routes_commit(r, 0);
	ck_assert_uint_eq(routes_changes(r), before + 1);
	dump(r, gone, 0);
	ck_assert_uint_eq(routes_changes(r), before + 2);
	routes_free(r);
}
END_TEST

/* A torn dump is used, and another one is requested, but not forever. */
START_TEST(torn)
{
	struct routes *r = watch(prefixes, NULL, 0);

	for (int i = 0; i < 3; i++) {
		dump(r, by_hand, NLM_F_DUMP_INTR);
		ck_assert(r->stale);
		ck_assert(ours(r, "64:ff9b::1"));
	}
	dump(r, gone, NLM_F_DUMP_INTR);
	ck_assert(!r->stale);
	ck_assert(!ours(r, "64:ff9b::1"));
	dump(r, by_hand, NLM_F_DUMP_INTR);
	ck_assert(r->stale);
	dump(r, by_hand, 0);
	ck_assert(!r->stale);
	routes_free(r);
}
END_TEST

/* The longer a dump takes, the longer is the pause after it. */
START_TEST(pace)
{
	static const struct {
		int64_t took, pace;
	} rows[] = {{0, 50}, {2, 50}, {10, 200}, {50, 1000}, {3000, 1000}};
	struct routes *r = watch(prefixes, NULL, 0);

	for (int i = 0; i < ROWS(rows); i++) {
		r->asked_at = 1000;
		r->now = 1000 + rows[i].took;
		dump(r, by_hand, 0);
		ck_assert_int_eq(r->pace, rows[i].pace);
		ck_assert_int_eq(routes_due(r), INT64_MAX);
	}
	routes_free(r);
}
END_TEST

/* Answers to requests of other programs, or to earlier ones of ours, are ignored. */
START_TEST(other_answers)
{
	struct routes *r = watch(prefixes, NULL, 0);
	struct buffer b = {.len = 0};

	r->dumping = true;
	put_route(&b, RTM_NEWROUTE, r->seq + 1, by_hand);
	put_done(&b, r->seq - 1, 0);
	routes_take_dump(r, b.bytes, b.len);
	ck_assert(r->dumping);
	ck_assert_uint_eq(r->found.n, 0);
	routes_free(r);
}
END_TEST

START_TEST(refused)
{
	struct routes *r = watch(prefixes, NULL, 0);
	struct buffer b = {.len = 0};
	int err = -1;
	size_t at;

	dump(r, by_hand, 0);
	r->dumping = true;
	at = begin(&b, NLMSG_ERROR, r->seq, 0);
	put(&b, &err, sizeof(err));
	end(&b, at);
	routes_take_dump(r, b.bytes, b.len);
	ck_assert(!r->dumping);
	ck_assert(r->stale);
	ck_assert_int_eq(r->error, 1);
	ck_assert(ours(r, "64:ff9b::1"));
	routes_free(r);
}
END_TEST

/* The routes of the configuration are used until the kernel's are known, and never override those.
 */
START_TEST(by_configuration)
{
	struct prefix route[] = {{.family = 4, .len = 24, .addr4 = 0xc0a8ff00},
				 {.family = 6, .len = 96, .addr6 = v6("64:ff9b::")},
				 {.family = 6, .len = 48, .addr6 = v6("2001:db8:65::")}};
	struct said elsewhere[] = {{"64:ff9b::", 96, .device = OTHER}, {NULL}};
	struct routes *r = watch(fewer, route, 3);

	ck_assert(!ours(r, "64:ff9b::1"));
	prepare(r, prefixes, route, 3);
	prepare(r, prefixes, route, 3); /* after a reload that was refused */
	ck_assert(!ours(r, "64:ff9b::1"));
	routes_commit(r, 0);
	ck_assert(ours(r, "64:ff9b::1"));
	ck_assert(!ours(r, "2001:db8:65::1"));
	dump(r, elsewhere, 0);
	ck_assert(!ours(r, "64:ff9b::1"));
	prepare(r, prefixes, route, 3);
	routes_commit(r, 0);
	ck_assert(!ours(r, "64:ff9b::1"));
	routes_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("routes");
	TCase *t = tcase_create("routes");

	tcase_add_loop_test(t, dumped, 0, ROWS(dump_rows));
	tcase_add_loop_test(t, news, 0, ROWS(news_rows));
	tcase_add_test(t, kept);
	tcase_add_test(t, cut_short);
	tcase_add_loop_test(t, changes, 0, ROWS(change_rows));
	tcase_add_test(t, changes_configured);
	tcase_add_test(t, torn);
	tcase_add_test(t, pace);
	tcase_add_test(t, other_answers);
	tcase_add_test(t, refused);
	tcase_add_test(t, by_configuration);
	suite_add_tcase(s, t);
	return run_suite(s);
}
