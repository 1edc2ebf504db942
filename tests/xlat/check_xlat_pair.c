/* check_xlat_pair - checks which packets are plain, so that their translation holds for all packets
 * between the same addresses, and what the fast path learns of them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/wire.h"
#include "support/random.h"
#include "support/rig.h"
#include "support/run.h"
#include "support/segment.h"

#define POOL    RIG_SETUP ";pool 10.77.0.0/28"
#define NEWHOST "s=2001:db8:5::1"

/* --- plain packets -------------------------------------------------------------------------- */

static const struct row {
	const char *name, *setup, *in;
	bool plain, lease;
} rows[] = {
	{"TCP", NULL, "4 | tcp n=100", true, false},
	{"TCP", NULL, "6r | tcp n=100", true, false},
	{"TCP without payload", NULL, "6r | tcp n=0", true, false},
	{"TCP with a bad checksum", NULL, "4 | tcp bad", true, false},
	{"a SYN", NULL, "4 | tcp fl=2 opts=020405b4", true, false},
	{"UDP", NULL, "4 | udp n=100", true, false},
	{"UDP", NULL, "6r | udp n=100", true, false},
	{"UDP without checksum, computed", NULL, "4 | udp zero", false, false},
	{"UDP without checksum, forwarded", RIG_SETUP ";udp fwd", "4 | udp zero", false, false},
	{"UDP without checksum, forwarded", RIG_SETUP ";udp fwd", "6r | udp zero", false, false},
	{"UDP without checksum, dropped", RIG_SETUP ";udp drop", "4 | udp zero", false, false},
	{"an echo request", NULL, "4 | echo", true, false},
	{"an echo reply", NULL, "6r | reply", true, false},
	{"an echo with a bad checksum", NULL, "6r | echo bad", false, false},
	{"an ICMP error", NULL, "4 | icmp 3 1 0 | 4r | udp", false, false},
	{"an ICMP error", NULL, "6r | icmp 1 0 0 | 6 | udp", false, false},
	{"another protocol", NULL, "4 p=47 | data 40", false, false},
	{"another protocol", NULL, "6r p=47 | data 40", false, false},
	{"options", NULL, "4 opts=01010101 | tcp", false, false},
	{"an extension header", NULL, "6r | dst | tcp", false, false},
	{"an atomic fragment", NULL, "6r | frag | tcp", false, false},
	{"a first fragment", NULL, "4 | part 0 800 | udp n=1000", false, false},
	{"a last fragment", NULL, "4 | part 800 208 | udp n=1000", false, false},
	{"a first fragment", NULL, "6r | part 0 800 | udp n=1000", false, false},
	{"short enough without DF", NULL, "4 | udp n=1232", true, false},
	{"to be fragmented", NULL, "4 | udp n=1233", false, false},
	{"short enough with DF", NULL, "4 df | udp n=1452", true, false},
	{"too big", NULL, "4 df | udp n=1453", false, false},
	{"as long as may be", NULL, "6r | udp n=1452", true, false},
	{"too big", RIG_SETUP ";mtu 1400", "6r | udp n=1372", false, false},
	{"one hop left", NULL, "4 ttl=1 | tcp", false, false},
	{"one hop left", NULL, "6r hop=1 | tcp", false, false},
	{"for us", NULL, "4 d=192.0.2.254 | echo", false, false},
	{"for nobody", POOL, "4 d=10.77.0.3 | tcp", false, false},
	{"a lease", POOL, "6 " NEWHOST " d=2001:db8:64::808:808 | tcp", true, true},
	{"no lease where there is a map", POOL, "6r | tcp", true, false},
};

START_TEST(plain)
{
	const struct row *row = &rows[_i];
	struct rig r;

	rig_open(&r, row->setup);
	rig_send_text(&r, row->in);
	ck_assert_msg(r.out.plain == row->plain, "%s: %s", row->name, row->in);
	ck_assert_msg((r.out.lease != NULL) == row->lease, "%s: lease: %s", row->name, row->in);
	rig_close(&r);
}
END_TEST

/* The host of a lease, and packets between two hosts with leases. */
START_TEST(leases)
{
	struct rig r;
	struct lease *l;
	char text[128], a[INET_ADDRSTRLEN];
	uint8_t addr[4];

	rig_open(&r, POOL);
	rig_send_text(&r, "6 " NEWHOST " d=2001:db8:64::808:808 | tcp");
	l = r.out.lease;
	ck_assert_ptr_nonnull(l);
	put32(addr, l->addr);
	inet_ntop(AF_INET, addr, a, sizeof(a));
	snprintf(text, sizeof(text), "4 s=8.8.8.8 d=%s | tcp", a);
	ck_assert_int_eq(rig_send_text(&r, text), REASON_OK);
	ck_assert(r.out.plain && r.out.lease == l);
	ck_assert_int_eq(rig_send_text(&r, "6r | tcp"), REASON_OK); /* resets the notes */
	ck_assert(r.out.plain && !r.out.lease);
	snprintf(text, sizeof(text), "4 s=%s d=203.0.113.5 | tcp", a);
	ck_assert_int_eq(rig_send_text(&r, text), REASON_OK);
	ck_assert_msg(!r.out.plain, "the lease of the source may end as well");
	rig_close(&r);
}
END_TEST

/* --- GSO packets ----------------------------------------------------------------------------- */

static enum reason send_train(struct rig *r, const char *text, size_t l4_at, size_t seg)
{
	struct bytes none = {r->input.b, 0};
	size_t len = craft(r->input.b, text, &none);
	struct offload o = segments_glue(r->input.b, len, l4_at, PROTO_TCP, seg);

	return rig_send_offload(r, r->input.b, len, &o);
}

static const struct train {
	const char *name, *setup, *in;
	size_t l4_at, seg;
	enum reason why;
	bool plain;
} trains[] = {
	{"fits", NULL, "6r | tcp n=5000", 40, 1000, REASON_OK, true},
	{"fits", NULL, "4 df | tcp n=5000", 20, 1000, REASON_OK, true},
	{"fits, its last segment without DF", NULL, "6r | tcp n=4100", 40, 1300, REASON_OK, true},
	{"too big", NULL, "6r | tcp n=5000", 40, 2500, REASON_TOO_BIG, false},
	{"too big, its last segment is not", NULL, "6r | tcp n=4100", 40, 2000, REASON_TOO_BIG,
	 false},
	{"too big, its last segment is not", NULL, "4 df | tcp n=4100", 20, 2000, REASON_TOO_BIG,
	 false},
	{"the same, no answer", RIG_SETUP ";errors never", "6r | tcp n=4100", 40, 2000,
	 REASON_TOO_BIG, true},
};

/* If an answer to the source is the first output, that output does not describe the pair. */
START_TEST(train)
{
	const struct train *t = &trains[_i];
	struct rig r;

	rig_open(&r, t->setup);
	ck_assert_int_eq(send_train(&r, t->in, t->l4_at, t->seg), t->why);
	ck_assert_msg(r.out.plain == t->plain, "%s: %s", t->name, t->in);
	rig_close(&r);
}
END_TEST

/* --- the data for the fast path ------------------------------------------------------------- */

static const struct told {
	const char *setup;
	unsigned family, most, most_free, flags;
} tolds[] = {
	{"mtu 1500", 4, 1460, 1240, 0},
	{"mtu 1500", 6, 1460, 1460, 0},
	{"mtu 1280", 4, 1240, 1240, 0},
	{"mtu 1280", 6, 1240, 1240, 0},
	{"mtu 1500; offlink 1400", 4, 1460, 1360, 0},
	{"mtu 1500; offlink 9000", 4, 1460, 1460, 0},
	{"mtu 9000; offlink 1000", 4, 8960, 1240, 0},
	{"mtu 65535", 4, 65495, 1240, 0},
	{"mtu 65535", 6, 65495, 65495, 0},
	{"mtu 1000", 4, 1240, 1240, 0},
	{"mtu 1000", 6, 980, 980, 0},
	{"mtu 1500; tos 4to6", 4, 1460, 1240, FASTPATH_ECN_ONLY},
	{"mtu 1500; tos 4to6", 6, 1460, 1460, 0},
	{"mtu 1500; tos 6to4", 4, 1460, 1240, 0},
	{"mtu 1500; tos 6to4", 6, 1460, 1460, FASTPATH_ECN_ONLY},
	{"mtu 1500; mss auto", 4, 1460, 1240, FASTPATH_NO_SYN},
	{"mtu 1500; mss 1200", 6, 1460, 1460, FASTPATH_NO_SYN},
	{"mtu 1500; mss auto; tos 6to4", 6, 1460, 1460, FASTPATH_NO_SYN | FASTPATH_ECN_ONLY},
};

START_TEST(tells)
{
	const struct told *t = &tolds[_i];
	struct fastpath_pair pair;
	char setup[512];
	struct rig r;

	snprintf(setup, sizeof(setup), "%s%s", RIG_BASE, t->setup);
	rig_open(&r, setup);
	ck_assert_int_eq(rig_send_text(&r, t->family == 4 ? "4 | udp" : "6r | udp"), REASON_OK);
	ck_assert(r.out.plain);
	memset(&pair, 0xff, sizeof(pair));
	xlat_tell(&r.x, t->family, &r.out, &pair);
	ck_assert_msg(pair.most == t->most && pair.most_free == t->most_free &&
			      pair.flags == t->flags,
		      "%s, from IPv%u: %u, %u, flags %u", t->setup, t->family, pair.most,
		      pair.most_free, pair.flags);
	ck_assert(!pair.generation && !pair.lease && !pair.lease_generation && !pair.none);
	ck_assert(!pair.wait.passed && !pair.wait.since);
	rig_close(&r);
}
END_TEST

/* The addresses before and after the translation. */
START_TEST(addresses)
{
	static const uint8_t world4[] = {198, 51, 100, 7}, host4[] = {203, 0, 113, 5};
	uint8_t world6[16], host6[16];
	struct rig r;

	inet_pton(AF_INET6, CRAFT_WORLD6, world6);
	inet_pton(AF_INET6, CRAFT_HOST6, host6);
	rig_open(&r, NULL);
	rig_send_text(&r, "4 | udp");
	ck_assert_mem_eq(r.out.pair.v4.src, world4, 4);
	ck_assert_mem_eq(r.out.pair.v4.dst, host4, 4);
	ck_assert_mem_eq(r.out.pair.v6.src, world6, 16);
	ck_assert_mem_eq(r.out.pair.v6.dst, host6, 16);
	rig_send_text(&r, "6r | udp");
	ck_assert_mem_eq(r.out.pair.v4.src, host4, 4);
	ck_assert_mem_eq(r.out.pair.v4.dst, world4, 4);
	ck_assert_mem_eq(r.out.pair.v6.src, host6, 16);
	ck_assert_mem_eq(r.out.pair.v6.dst, world6, 16);
	rig_close(&r);
}
END_TEST

/* Half the number space away from those that the translator uses itself. */
START_TEST(identification)
{
	struct fastpath_pair pair;
	struct rig r;
	unsigned used;

	rig_open(&r, NULL);
	rig_send_text(&r, "6r | udp");
	used = get16(r.out.output[0].head + offsetof(struct ip4_hdr, id));
	xlat_tell(&r.x, 6, &r.out, &pair);
	ck_assert_uint_eq(pair.id & 0xffff, (used + 1 + 0x8000) & 0xffff);
	rig_close(&r);
}
END_TEST

static uint64_t sum4(const struct xlat_pair *p)
{
	return csum_sum(&p->v4, sizeof(p->v4));
}

static uint64_t sum6(const struct xlat_pair *p)
{
	return csum_sum(&p->v6, sizeof(p->v6));
}

/* The kernel adds the difference to the complement [1624 eqn 3]. */
static uint16_t by_difference(uint16_t csum, const struct fastpath_pair *pair)
{
	return csum_finish((uint64_t)(uint16_t)~csum + get16((const uint8_t *)&pair->csum));
}

static uint16_t some_csum(const struct fastpath_pair *pair)
{
	uint16_t diff = get16((const uint8_t *)&pair->csum);
	const uint16_t odd[] = {0, 0xffff, diff, (uint16_t)~diff, 1, 0xfffe};
	unsigned what = random_below(20);

	return what < ROWS(odd) ? odd[what] : (uint16_t)random_next();
}

START_TEST(difference)
{
	struct fastpath_pair pair;
	struct rig r;

	rig_open(&r, NULL);
	for (unsigned i = 0; i < 200000; i++) {
		struct xlat_pair *p = &r.out.pair;
		bool to6 = i % 2;
		uint64_t old, new;
		uint16_t csum;

		random_fill(p, sizeof(*p));
		if (i % 7 == 0)
			memset(&p->v4, i % 3 ? 0 : 0xff, sizeof(p->v4));
		xlat_tell(&r.x, to6 ? 4 : 6, &r.out, &pair);
		old = to6 ? sum4(p) : sum6(p);
		new = to6 ? sum6(p) : sum4(p);
		csum = some_csum(&pair);
		ck_assert_msg(by_difference(csum, &pair) == csum_update(csum, old, new),
			      "packet %u: %04x by %04x", i, csum,
			      get16((const uint8_t *)&pair.csum));
	}
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat_pair");
	TCase *t = tcase_create("xlat_pair");

	tcase_add_loop_test(t, plain, 0, ROWS(rows));
	tcase_add_test(t, leases);
	tcase_add_loop_test(t, train, 0, ROWS(trains));
	tcase_add_loop_test(t, tells, 0, ROWS(tolds));
	tcase_add_test(t, addresses);
	tcase_add_test(t, identification);
	tcase_add_test(t, difference);
	suite_add_tcase(s, t);
	return run_suite(s);
}
