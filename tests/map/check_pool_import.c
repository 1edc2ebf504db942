/* check_pool_import - what becomes of a report about a lease. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/pool_import.h"
#include "support/run.h"

#define OWN    0x0a010000 /* 10.1.0.0/24, our own range */
#define PEER   0x0a020000 /* 10.2.0.0/24 and 10.3.0.0/24, which stand by */
#define THIRD  0x0a030000
#define OTHERS 0x0a040000 /* 10.4.0.0/24, our own, for 2001:db8:4::/48 */
#define NOW    1000000

static const struct siphash_key key = {1, 2};

static struct ip6 host(unsigned n)
{
	return (struct ip6){{0x20, 0x01, 0x0d, 0xb8, 0,
			     n >= 400 ? 4 : 0, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};
}

static struct pool *new_pool(void)
{
	struct pool_conf conf[] = {
		pool_plain((struct prefix4){OWN, 24}), pool_plain((struct prefix4){PEER, 24}),
		pool_plain((struct prefix4){THIRD, 24}), pool_plain((struct prefix4){OTHERS, 24})};
	struct pool *p;

	conf[1].standby = conf[2].standby = true;
	conf[3].from = (struct prefix6){host(400), 48};
	conf[3].from.addr.b[14] = conf[3].from.addr.b[15] = 0;
	p = pool_new(conf, 4, &key);
	ck_assert_ptr_nonnull(p);
	pool_reserve(p, &(struct prefix4){OWN + 66, 32});
	pool_reserve(p, &(struct prefix4){PEER + 66, 32});
	return p;
}

/* A lease that is here, or a report: the host, the address, the last use relative to NOW, the
 * beginning relative to that, and flags. */
struct side {
	unsigned host; /* 0: none */
	uint32_t addr;
	int32_t last, since;
	const char *flags; /* c: confirmed, e: ended, k: --known, r: --replace, R: --recover,
			      u: the beginning is unknown, 2: the second prefix */
};

static bool has(const struct side *s, char flag)
{
	return s->flags && strchr(s->flags, flag);
}

static struct pool_report report(const struct side *s)
{
	return (struct pool_report){
		.host = host(s->host),
		.addr = s->addr,
		.prefix = has(s, '2'),
		.last = NOW + s->last,
		.since = has(s, 'u') ? POOL_UNKNOWN : NOW + s->last + s->since,
		.confirmed = has(s, 'c'),
		.ended = has(s, 'e'),
		.known = has(s, 'k'),
		.recovers = has(s, 'R'),
		.replaces = has(s, 'r'),
	};
}

static void put(struct pool *p, const struct side *s)
{
	struct pool_report r = report(s);

	if (s->host)
		ck_assert_ptr_nonnull(pool_take(p, &r));
}

#define LOSES_HOLDER 1
#define LOSES_OWN    2

static const struct row {
	const char *name;
	struct side here[2], report;
	enum pool_verdict verdict;
	int more; /* the refusal, or the losers */
} rows[] = {
	/* addresses and hosts that cannot have the lease */
	{"in no range", {{0}}, {1, 0x0a090001, 0, 0, ""}, POOL_REFUSE, POOL_UNFIT},
	{"reserved, own", {{0}}, {1, OWN + 66, 0, 0, ""}, POOL_REFUSE, POOL_UNFIT},
	{"reserved, standby", {{0}}, {1, PEER + 66, 0, 0, ""}, POOL_REFUSE, POOL_UNFIT},
	{"for other hosts", {{0}}, {1, OTHERS + 1, 0, 0, ""}, POOL_REFUSE, POOL_UNFIT},
	{"for these hosts", {{0}}, {400, OTHERS + 1, 0, 0, ""}, POOL_TAKE, 0},
	/* own range */
	{"own: nothing here", {{0}}, {1, OWN + 1, -50, 0, ""}, POOL_TAKE, 0},
	{"own: nothing here, known", {{0}}, {1, OWN + 1, -50, 0, "k"}, POOL_OLDER, 0},
	{"own: would expire at once", {{0}}, {1, OWN + 1, -POOL_KEEP - 1, 0, ""}, POOL_OLDER, 0},
	{"own: would expire soon", {{0}}, {1, OWN + 1, -POOL_KEEP, 0, ""}, POOL_TAKE, 0},
	{"own: the same", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, -50, 0, ""}, POOL_SAME, 0},
	{"own: newer", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, -49, 0, ""}, POOL_RENEW, 0},
	{"own: newer, known", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, -9, 0, "k"}, POOL_RENEW, 0},
	{"own: older", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, -51, 0, ""}, POOL_SAME, 0},
	{"own: confirmed", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, -60, 0, "c"}, POOL_RENEW, 0},
	{"own: confirmed here",
	 {{1, OWN + 1, -50, 0, "c"}},
	 {1, OWN + 1, -50, 0, ""},
	 POOL_SAME,
	 0},
	{"own: has the beginning",
	 {{1, OWN + 1, -50, 0, "u"}},
	 {1, OWN + 1, -50, 0, ""},
	 POOL_RENEW,
	 0},
	{"own: lacks the beginning",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, OWN + 1, -50, 0, "u"},
	 POOL_SAME,
	 0},
	{"own: another host has it",
	 {{1, OWN + 1, -50, 0, ""}},
	 {2, OWN + 1, 0, 0, ""},
	 POOL_REFUSE,
	 POOL_ADDRESS_TAKEN},
	{"own: another host has it, known",
	 {{1, OWN + 1, -50, 0, ""}},
	 {2, OWN + 1, 0, 0, "k"},
	 POOL_OLDER,
	 0},
	{"own: another host has it, which was active before, recover",
	 {{1, OWN + 1, -50, 0, ""}},
	 {2, OWN + 1, -40, 0, "R"},
	 POOL_TAKE,
	 LOSES_HOLDER},
	{"own: another host has it, which was active later, recover",
	 {{1, OWN + 1, -50, 0, ""}},
	 {2, OWN + 1, -60, 0, "R"},
	 POOL_OLDER,
	 0},
	{"own: another host has it, active at the same time, recover",
	 {{1, OWN + 1, -50, 0, ""}},
	 {2, OWN + 1, -50, 0, "R"},
	 POOL_OLDER,
	 0},
	{"own: the host has another, used before, recover",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, OWN + 2, -40, 0, "R"},
	 POOL_TAKE,
	 LOSES_OWN},
	{"own: newer than one of both, recover",
	 {{1, OWN + 1, -50, 0, ""}, {2, OWN + 2, -30, 0, ""}},
	 {1, OWN + 2, -40, 0, "R"},
	 POOL_OLDER,
	 0},
	{"own: the host has one of a peer, recover",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, OWN + 2, 0, 0, "R"},
	 POOL_OLDER,
	 0},
	{"own: nothing here, recover", {{0}}, {1, OWN + 1, -50, 0, "R"}, POOL_TAKE, 0},
	{"own: ended, recover",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, OWN + 1, 0, 0, "eR"},
	 POOL_REFUSE,
	 POOL_OWNER_ENDS},
	{"own: the host has another",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, OWN + 2, 0, 0, ""},
	 POOL_REFUSE,
	 POOL_HOST_HAS},
	{"own: the host has one of a peer",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, OWN + 2, 0, 0, ""},
	 POOL_REFUSE,
	 POOL_HOST_HAS},
	{"own: the host has it for another prefix",
	 {{1, OWN + 1, -50, 0, "2"}},
	 {1, OWN + 2, 0, 0, ""},
	 POOL_TAKE,
	 0},
	{"own: another prefix of its holder",
	 {{1, OWN + 1, -50, 0, "2"}},
	 {1, OWN + 1, 0, 0, ""},
	 POOL_REFUSE,
	 POOL_ADDRESS_TAKEN},
	{"own: ended",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, OWN + 1, 0, 0, "e"},
	 POOL_REFUSE,
	 POOL_OWNER_ENDS},
	{"own: ended, known", {{1, OWN + 1, -50, 0, ""}}, {1, OWN + 1, 0, 0, "ek"}, POOL_OLDER, 0},
	/* a range that stands by */
	{"standby: nothing here", {{0}}, {1, PEER + 1, -50, 0, ""}, POOL_TAKE, 0},
	{"standby: nothing here, known", {{0}}, {1, PEER + 1, -50, 0, "k"}, POOL_OLDER, 0},
	{"standby: idle for long", {{0}}, {1, PEER + 1, -2 * POOL_KEEP, 0, ""}, POOL_TAKE, 0},
	{"standby: the same", {{1, PEER + 1, -50, 0, ""}}, {1, PEER + 1, -50, 0, ""}, POOL_SAME, 0},
	{"standby: newer", {{1, PEER + 1, -50, 0, ""}}, {1, PEER + 1, -49, 0, ""}, POOL_RENEW, 0},
	{"standby: older", {{1, PEER + 1, -50, 0, ""}}, {1, PEER + 1, -51, 0, ""}, POOL_OLDER, 0},
	{"standby: confirmed",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, PEER + 1, -60, 0, "c"},
	 POOL_RENEW,
	 0},
	{"standby: another host, newer",
	 {{1, PEER + 1, -50, 0, ""}},
	 {2, PEER + 1, -49, 0, ""},
	 POOL_TAKE,
	 LOSES_HOLDER},
	{"standby: another host, older",
	 {{1, PEER + 1, -50, 0, ""}},
	 {2, PEER + 1, -51, 0, ""},
	 POOL_OLDER,
	 0},
	{"standby: another host, older, but its owner says so",
	 {{1, PEER + 1, -50, 0, ""}},
	 {2, PEER + 1, -51, 0, "r"},
	 POOL_TAKE,
	 LOSES_HOLDER},
	{"standby: the host has one of a third, older, its owner says so",
	 {{1, THIRD + 1, -50, 0, ""}, {2, PEER + 2, -40, 0, ""}},
	 {1, PEER + 2, -51, 0, "r"},
	 POOL_OLDER,
	 0},
	{"standby: the host has another of its owner, newer",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, PEER + 2, -51, 0, "r"},
	 POOL_TAKE,
	 LOSES_OWN},
	{"standby: the owner exchanges the addresses of two hosts",
	 {{1, PEER + 1, -50, 0, ""}, {2, PEER + 2, -40, 0, ""}},
	 {1, PEER + 2, -51, 0, "r"},
	 POOL_TAKE,
	 LOSES_OWN | LOSES_HOLDER},
	{"standby: the host has one of ours, its owner says so",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, PEER + 1, 0, 0, "r"},
	 POOL_REFUSE,
	 POOL_HOST_HAS},
	{"standby: another host, known",
	 {{1, PEER + 1, -50, 0, ""}},
	 {2, PEER + 1, 0, 0, "k"},
	 POOL_OLDER,
	 0},
	{"standby: another host, began later",
	 {{1, PEER + 1, -50, -9, ""}},
	 {2, PEER + 1, -50, -8, ""},
	 POOL_TAKE,
	 LOSES_HOLDER},
	{"standby: another host, began earlier",
	 {{1, PEER + 1, -50, -9, ""}},
	 {2, PEER + 1, -50, -10, ""},
	 POOL_OLDER,
	 0},
	{"standby: another host, unknown beginning",
	 {{1, PEER + 1, -50, -9, ""}},
	 {2, PEER + 1, -50, 0, "u"},
	 POOL_OLDER,
	 0},
	{"standby: another host, the same times",
	 {{1, PEER + 1, -50, -9, ""}},
	 {2, PEER + 1, -50, -9, ""},
	 POOL_OLDER,
	 0},
	{"standby: another prefix of its holder, newer",
	 {{1, PEER + 1, -50, 0, "2"}},
	 {1, PEER + 1, 0, 0, ""},
	 POOL_TAKE,
	 LOSES_HOLDER},
	{"standby: the host has one of ours",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, PEER + 1, 0, 0, ""},
	 POOL_REFUSE,
	 POOL_HOST_HAS},
	{"standby: the host has one of ours, known",
	 {{1, OWN + 1, -50, 0, ""}},
	 {1, PEER + 1, 0, 0, "k"},
	 POOL_OLDER,
	 0},
	{"standby: the host has another, newer",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, PEER + 2, -49, 0, ""},
	 POOL_TAKE,
	 LOSES_OWN},
	{"standby: the host has one of a third, newer",
	 {{1, THIRD + 1, -50, 0, ""}},
	 {1, PEER + 2, -49, 0, ""},
	 POOL_TAKE,
	 LOSES_OWN},
	{"standby: the host has one of a third, older",
	 {{1, THIRD + 1, -50, 0, ""}},
	 {1, PEER + 2, -51, 0, ""},
	 POOL_OLDER,
	 0},
	{"standby: newer than both",
	 {{1, THIRD + 1, -50, 0, ""}, {2, PEER + 2, -40, 0, ""}},
	 {1, PEER + 2, -39, 0, ""},
	 POOL_TAKE,
	 LOSES_OWN | LOSES_HOLDER},
	{"standby: newer than one of both",
	 {{1, THIRD + 1, -50, 0, ""}, {2, PEER + 2, -40, 0, ""}},
	 {1, PEER + 2, -45, 0, ""},
	 POOL_OLDER,
	 0},
	{"standby: ended", {{1, PEER + 1, -50, 0, ""}}, {1, PEER + 1, -50, 0, "e"}, POOL_ENDED, 0},
	{"standby: ended before its last use",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, PEER + 1, -51, 0, "e"},
	 POOL_OLDER,
	 0},
	{"standby: ended, known",
	 {{1, PEER + 1, -50, 0, ""}},
	 {1, PEER + 1, 0, 0, "ek"},
	 POOL_OLDER,
	 0},
	{"standby: ended, not here", {{0}}, {1, PEER + 1, 0, 0, "e"}, POOL_SAME, 0},
	{"standby: ended of another host",
	 {{2, PEER + 1, -50, 0, ""}},
	 {1, PEER + 1, 0, 0, "e"},
	 POOL_OLDER,
	 0},
	{"standby: ended for another prefix",
	 {{1, PEER + 1, -50, 0, "2"}},
	 {1, PEER + 1, 0, 0, "e"},
	 POOL_OLDER,
	 0},
};

/* Ends what loses, and does the rest, as the daemon does. */
static void apply(struct pool *p, const struct pool_report *r, const struct pool_judgement *j)
{
	for (int i = 0; i < 2; i++)
		if (j->loser[i])
			pool_end(p, j->loser[i]);
	if (j->verdict == POOL_TAKE)
		ck_assert_ptr_nonnull(pool_take(p, r));
	if (j->verdict == POOL_RENEW)
		pool_renew(p, j->lease, r);
	if (j->verdict == POOL_ENDED)
		pool_end(p, j->lease);
}

static int losers(const struct pool *p, const struct pool_judgement *j, const struct pool_report *r)
{
	int n = 0;

	for (int i = 0; i < 2; i++) {
		const struct lease *l = j->loser[i];

		if (l && l == pool_find4(p, r->addr))
			n |= LOSES_HOLDER;
		else if (l && l == pool_find6(p, &r->host, r->prefix))
			n |= LOSES_OWN;
	}
	return n;
}

START_TEST(test_judge)
{
	const struct row *row = &rows[_i];
	struct pool_report r = report(&row->report);
	struct pool *p = new_pool();
	struct pool_judgement j;
	struct lease *l;
	size_t used;

	put(p, &row->here[0]);
	put(p, &row->here[1]);
	used = pool_used(p);
	j = pool_judge(p, &r, NOW);
	ck_assert_msg(j.verdict == row->verdict, "%s: %d", row->name, j.verdict);
	if (j.verdict == POOL_REFUSE)
		ck_assert_msg((int)j.refusal == row->more, "%s: %d", row->name, j.refusal);
	else
		ck_assert_msg(losers(p, &j, &r) == row->more, "%s: losers", row->name);
	ck_assert(j.verdict != POOL_REFUSE || j.refusal == POOL_UNFIT || j.lease);
	apply(p, &r, &j);
	l = pool_find4(p, r.addr);
	if (j.verdict == POOL_TAKE || j.verdict == POOL_RENEW) {
		ck_assert(l && l == pool_find6(p, &r.host, r.prefix) && l->last >= r.last);
		ck_assert(!r.confirmed || l->confirmed);
		ck_assert(j.verdict == POOL_RENEW || (l->last == r.last && l->since == r.since));
	} else if (j.verdict != POOL_ENDED) {
		ck_assert_uint_eq(pool_used(p), used);
	}
	/* The same report again changes nothing. */
	j = pool_judge(p, &r, NOW);
	ck_assert_msg(j.verdict == POOL_SAME || j.verdict == POOL_OLDER || j.verdict == POOL_REFUSE,
		      "%s: again %d", row->name, j.verdict);
	pool_free(p);
}
END_TEST

/* The order in which the same reports arrive does not matter: the same leases are there. */
START_TEST(test_any_order)
{
	static const struct side reports[] = {
		{1, PEER + 1, -50, -9, ""},  {2, PEER + 1, -50, -8, ""},
		{1, PEER + 2, -20, -1, "c"}, {3, THIRD + 1, -70, -9, ""},
		{3, PEER + 3, -60, -1, ""},  {4, PEER + 2, -30, -1, ""},
	};
	static const uint32_t wanted[] = {PEER + 1, 2, PEER + 2, 1, PEER + 3, 3};

	for (unsigned order = 0; order < 720; order++) {
		struct pool *p = new_pool();
		unsigned left = order, done = 0;

		for (unsigned n = 6; n > 0; left /= n--) {
			unsigned skip = left % n, i = 0;
			struct pool_judgement j;
			struct pool_report r;

			for (; done & 1u << i || skip-- > 0; i++)
				;
			done |= 1u << i;
			r = report(&reports[i]);
			j = pool_judge(p, &r, NOW);
			apply(p, &r, &j);
		}
		for (size_t i = 0; i < 6; i += 2) {
			struct ip6 h = host(wanted[i + 1]);
			const struct lease *l = pool_find4(p, wanted[i]);

			ck_assert_msg(l && ip6_equal(&l->host, &h), "order %u, lease %zu", order,
				      i);
		}
		pool_free(p);
	}
}
END_TEST

/* What a report renews must be stored as if the host had sent here. */
START_TEST(test_stored)
{
	static const struct side here = {1, PEER + 1, -9000, -9, ""};
	struct side again = here;
	struct pool *p = new_pool();
	struct pool_report r;
	struct lease *l;

	put(p, &here);
	l = pool_find4(p, PEER + 1);
	ck_assert(!pool_outdated(l, l->last));
	again.last += POOL_RESTAMP - 1;
	r = report(&again);
	pool_renew(p, l, &r);
	ck_assert(!pool_outdated(l, l->last));
	again.last++;
	r = report(&again);
	pool_renew(p, l, &r);
	ck_assert(pool_outdated(l, l->last));
	pool_record(l, l->last);
	r.confirmed = true;
	pool_renew(p, l, &r);
	ck_assert(l->confirmed && pool_outdated(l, l->last));
	pool_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool_import");
	TCase *t = tcase_create("pool_import");

	tcase_add_loop_test(t, test_judge, 0, ROWS(rows));
	tcase_add_test(t, test_any_order);
	tcase_add_test(t, test_stored);
	suite_add_tcase(s, t);
	return run_suite(s);
}
