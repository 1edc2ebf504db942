/* check_xlat_policy - checks `allow' and `deny': which hosts may use the translator, and which
 * destinations they may reach. */
#include "support/rig.h"
#include "support/run.h"

#include <stdio.h>

/* The host with a map is 2001:db8:1::5, alias 203.0.113.5; the host with a lease is
 * 2001:db8:5::1. */
#define MAPS \
	"own4 192.0.2.254; own6 2001:db8:ffff::64; mtu 1500; map 203.0.113.0/24 2001:db8:1::/120;"
#define NAT64 RIG_SETUP ";pool 10.77.0.0/28;"
#define NEW   "6 s=2001:db8:5::1 d=2001:db8:64::9.9.9.9"
#define CLAT  MAPS "prefix 2001:db8:64::/96; translatable no;"

/* Allows hosts of 2001:db8:5::/48, and of 198.51.100.0/24 inside the prefix. */
#define ALLOW "allow 2001:db8:5::/48; allow 2001:db8:64::198.51.100.0/120;"
#define OTHER "6 s=2001:db8:6::1 d=2001:db8:64::9.9.9.9"
#define HERE  NAT64 ALLOW "translatable 198.51.0.0/16;"

static const struct rig_row allow_rows[] = {
	{"rules-1.9 a new host inside", HERE, NEW " | udp", REASON_OK, "*"},
	{"rules-1.9 a new host outside", HERE, OTHER " | udp", REASON_NOT_ALLOWED, "answer 1 1 0"},
	{"rules-1.9 a new host outside, TCP", HERE, OTHER " | tcp", REASON_NOT_ALLOWED,
	 "answer 1 1 0"},
	{"rules-1.9 a new host outside, echo", HERE, OTHER " | echo", REASON_NOT_ALLOWED,
	 "answer 1 1 0"},
	{"rules-1.9 a new host outside, later fragment: no answer", HERE,
	 OTHER " | part 80 80 | udp n=999", REASON_NOT_ALLOWED, NULL},
	{"rules-1.9 a host outside, where there is no pool", RIG_SETUP ";" ALLOW, OTHER " | udp",
	 REASON_NOT_ALLOWED, "answer 1 1 0"},
	{"rules-1.9 a host inside, where there is no pool", RIG_SETUP ";" ALLOW, NEW " | udp",
	 REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"rules-1.9 without allow everybody is served", NAT64, OTHER " | udp", REASON_OK, "*"},
	{"rules-1.9 one host inside another network", NAT64 "allow 2001:db8:6::1", OTHER " | udp",
	 REASON_OK, "*"},
	{"rules-1.9 the destination is judged first", HERE,
	 "6 s=2001:db8:6::1 d=2001:db8:dead::1 | udp", REASON_NO_MAP_DST, "answer 1 0 0"},
	{"rules-1.9 a mapped host is not asked, 6->4", HERE, "6r | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"rules-1.9 a mapped host is not asked, 4->6", HERE, "4 | udp", REASON_OK,
	 "6 hop=63 | udp"},
	{"rules-1.9 a router outside may send errors", HERE,
	 "6r s=2001:db8:6::1 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
	{"rules-1.9 a translatable host inside", HERE, "6r s=2001:db8:64::198.51.100.9 | udp",
	 REASON_OK, "4r s=198.51.100.9 ttl=63 id=* | udp"},
	{"rules-1.9 a translatable host outside", HERE, "6r s=2001:db8:64::198.51.101.9 | udp",
	 REASON_NOT_ALLOWED, "answer 1 1 0"},
	{"rules-1.9 who is not translatable is told so first", HERE,
	 "6r s=2001:db8:64::9.9.9.9 | udp", REASON_SRC_IN_PREFIX, "answer 1 5 0"},
	{"rules-1.9 to a translatable host inside", HERE, "4 s=9.9.9.9 d=198.51.100.9 | udp",
	 REASON_OK, "6 s=2001:db8:64::9.9.9.9 d=2001:db8:64::198.51.100.9 hop=63 | udp"},
	{"rules-1.9 to a translatable host outside", HERE, "4 s=9.9.9.9 d=198.51.101.9 | udp",
	 REASON_NOT_ALLOWED, "answer 3 13 0"},
	{"rules-1.9 to one that is not translatable", HERE, "4 s=9.9.9.9 d=198.52.0.9 | udp",
	 REASON_NO_MAP_DST, "answer 3 1 0"},
	{"rules-1.9 to a translatable host outside, routed back",
	 HERE "route6 2001:db8:64::/96 here", "4 s=9.9.9.9 d=198.51.101.9 | udp",
	 REASON_NOT_ALLOWED, "answer 3 13 0"},
	{"rules-1.9 an error to a translatable host outside", HERE,
	 "4 s=9.9.9.1 d=198.51.101.9 | icmp 11 0 0 | 4r s=198.51.101.9 d=9.9.9.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::9.9.9.1 d=2001:db8:64::198.51.101.9 hop=63 | icmp 3 0 0 | 6r "
	 "s=2001:db8:64::198.51.101.9 d=2001:db8:64::9.9.9.9 | udp"},
	{"rules-1.9 an error of a translatable host outside", HERE,
	 "6r s=2001:db8:64::198.51.101.9 d=2001:db8:1::5 | icmp 1 4 0 | 6 s=2001:db8:1::5 "
	 "d=2001:db8:64::198.51.101.9 | udp",
	 REASON_OK,
	 "4r s=198.51.101.9 d=203.0.113.5 ttl=63 id=* | icmp 3 3 0 | 4 id=0 s=203.0.113.5 "
	 "d=198.51.101.9 | udp"},
	{"rules-1.9 an error of such a host about a packet to it", HERE,
	 "6r s=2001:db8:64::198.51.101.9 | icmp 1 4 0 | 6 d=2001:db8:64::198.51.101.9 "
	 "s=2001:db8:64::198.51.100.7 | udp",
	 REASON_OK, "4r s=198.51.101.9 ttl=63 id=* | icmp 3 3 0 | 4 id=0 d=198.51.101.9 | udp"},
	{"rules-1.9 an error of a router about a packet to such a host", HERE,
	 "6r s=2001:db8:6::1 | icmp 1 0 0 | 6 d=2001:db8:64::198.51.101.9 "
	 "s=2001:db8:64::198.51.100.7 | udp",
	 REASON_OK, "4r s=192.0.2.254 ttl=63 id=* | icmp 3 1 0 | 4 id=0 d=198.51.101.9 | udp"},
	{"rules-1.9 CLAT: the world to a mapped host is not asked", CLAT ALLOW,
	 "6r s=2001:db8:64::9.9.9.9 d=2001:db8:1::5 | udp", REASON_OK,
	 "4r s=9.9.9.9 d=203.0.113.5 ttl=63 id=* | udp"},
	{"rules-1.9 CLAT: a mapped host to the world is not asked", CLAT ALLOW,
	 "4 s=203.0.113.5 d=9.9.9.9 | udp", REASON_OK,
	 "6 s=2001:db8:1::5 d=2001:db8:64::9.9.9.9 hop=63 | udp"},
};

#define DENY "deny 9.9.9.0/24; deny 203.0.113.7/32; deny 10.77.0.0/28; deny 169.254.0.0/16;"
#define SHUT NAT64 DENY

static const struct rig_row deny_rows[] = {
	{"rules-1.8 a new host", SHUT, NEW " | udp", REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 a mapped host", SHUT, "6r d=2001:db8:64::9.9.9.9 | tcp", REASON_DENIED,
	 "answer 1 1 0"},
	{"rules-1.8 a mapped host, echo", SHUT, "6r d=2001:db8:64::9.9.9.9 | echo", REASON_DENIED,
	 "answer 1 1 0"},
	{"rules-1.8 a later fragment: no answer", SHUT,
	 "6r d=2001:db8:64::9.9.9.9 | part 80 80 | udp n=999", REASON_DENIED, NULL},
	{"rules-1.8 beside the network", SHUT, "6r d=2001:db8:64::9.9.8.9 | udp", REASON_OK,
	 "4r d=9.9.8.9 ttl=63 id=* | udp"},
	{"rules-1.8 a translatable host", SHUT "translatable yes",
	 "6r s=2001:db8:64::8.8.8.8 d=2001:db8:64::9.9.9.9 | udp", REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 a forged source is told of the destination first", SHUT,
	 "6r s=2001:db8:64::8.8.8.8 d=2001:db8:64::9.9.9.9 | udp", REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 who is not allowed is told of the destination first", SHUT ALLOW,
	 OTHER " | udp", REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 a hairpin to a mapped host", SHUT, "6r d=2001:db8:64::203.0.113.7 | udp",
	 REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 a hairpin to a host of the pool", SHUT, "6r d=2001:db8:64::10.77.0.9 | udp",
	 REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 a destination by its map", SHUT, "6r s=2001:db8:1::5 d=2001:db8:1::7 | udp",
	 REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 the map beside it", SHUT, "6r s=2001:db8:1::5 d=2001:db8:1::8 | udp", REASON_OK,
	 "4r d=203.0.113.8 ttl=63 id=* | udp"},
	{"rules-1.8 ipv4-addr", NAT64 "deny 192.0.2.254", "6r d=2001:db8:64::192.0.2.254 | echo",
	 REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 ipv6-addr answers as ever", NAT64 "deny 0.0.0.0/0",
	 "6r d=2001:db8:ffff::64 | echo", REASON_SELF_ECHO,
	 "6 s=2001:db8:ffff::64 d=2001:db8:1::5 | reply"},
	{"rules-1.8 what never passes stays silent", SHUT,
	 "6r d=2001:db8:64::169.254.169.254 | udp", REASON_BAD_ADDRESS, NULL},
	{"rules-1.8 link-local that a map lets pass", SHUT "map 169.254.169.0/24 2001:db8:a9::/120",
	 "6r d=2001:db8:64::169.254.169.254 | udp", REASON_DENIED, "answer 1 1 0"},
	{"rules-1.8 240/4 is refused as that", NAT64 "deny 240.0.0.0/4",
	 "6r d=2001:db8:64::240.0.0.1 | udp", REASON_RESERVED_DST, "answer 1 1 0"},
	{"rules-1.8 an error is dropped", SHUT,
	 "6r d=2001:db8:64::9.9.9.9 | icmp 1 4 0 | 6 s=2001:db8:64::9.9.9.9 | udp", REASON_DENIED,
	 NULL},
	{"rules-1.8 an error of a router is dropped", SHUT,
	 "6r s=2001:db8:6::1 d=2001:db8:64::9.9.9.9 | icmp 3 0 0 | 6 s=2001:db8:64::9.9.9.9 | udp",
	 REASON_DENIED, NULL},
	{"rules-1.8 an error that quotes a packet to it passes, 4->6", SHUT,
	 "4 s=198.51.100.7 | icmp 3 1 0 | 4r d=9.9.9.9 | udp", REASON_OK,
	 "6 hop=63 | icmp 1 0 0 | 6r d=2001:db8:64::9.9.9.9 | udp"},
	{"rules-1.8 an error that quotes a packet to it passes, 6->4", NAT64 "deny 203.0.113.5",
	 "6r | icmp 1 4 0 | 6 | udp", REASON_OK, "4r ttl=63 id=* | icmp 3 3 0 | 4 id=0 | udp"},
	{"rules-1.8 IPv4 is not asked whom it comes from", SHUT, "4 s=9.9.9.9 | udp", REASON_OK,
	 "6 s=2001:db8:64::9.9.9.9 hop=63 | udp"},
	{"rules-1.8 IPv4 is not asked whom it goes to", SHUT, "4 d=203.0.113.7 | udp", REASON_OK,
	 "6 d=2001:db8:1::7 hop=63 | udp"},
	{"rules-1.8 everything", NAT64 "deny 0.0.0.0/0", "6r d=2001:db8:64::8.8.8.8 | udp",
	 REASON_DENIED, "answer 1 1 0"},
};

/* --- pools for some hosts ------------------------------------------------------------------- */

/* A pool for a network, and a larger one for a subnet of it, which has two ranges. */
#define FROM                                                                                 \
	RIG_SETUP ";pool 10.77.0.0/28 2001:db8:5::/48; pool 10.78.0.0/28 2001:db8:5:1::/64;" \
		  "pool 10.79.0.0/28 2001:db8:5:1::/64;"
#define LAST RIG_SETUP ";pool 10.77.0.0/28 2001:db8:5::/48; pool 10.78.0.0/31 2001:db8:5:1::/64;"

static const struct rig_row from_rows[] = {
	{"rules-1.5 6->4 a host for which there is a pool", FROM, NEW " | udp", REASON_OK, "*"},
	{"rules-1.5 6->4 a host for which there is none", FROM, OTHER " | udp", REASON_NO_MAP_SRC,
	 "answer 1 5 0"},
	{"rules-1.5 6->4 a host for which there is none, later fragment: no answer", FROM,
	 OTHER " | part 80 80 | udp n=999", REASON_NO_MAP_SRC, NULL},
	{"rules-1.5 6->4 who is not allowed is told so first", FROM "allow 2001:db8:7::/48",
	 OTHER " | udp", REASON_NOT_ALLOWED, "answer 1 1 0"},
	{"rules-1.5 6->4 who is allowed still needs a pool", FROM "allow 2001:db8:6::/48",
	 OTHER " | udp", REASON_NO_MAP_SRC, "answer 1 5 0"},
	{"rules-1.5 6->4 a mapped host needs no pool", FROM, "6r | udp", REASON_OK,
	 "4r ttl=63 id=* | udp"},
	{"rules-1.5 6->4 an error of a router for which there is none", FROM,
	 "6r s=2001:db8:6::1 | icmp 3 0 0 | 6 | udp", REASON_OK,
	 "4r s=192.0.2.254 ttl=63 id=* | icmp 11 0 0 | 4 id=0 | udp"},
};

START_TEST(test_from)
{
	rig_check_rows(from_rows, sizeof(from_rows) / sizeof(*from_rows));
}
END_TEST

static struct rig rig;

/* Returns the address of the lease that the packet IN takes or renews. */
static uint32_t lease_of(const char *in)
{
	rig_expect(&rig, in, REASON_OK, "*");
	ck_assert_ptr_nonnull(rig.out.lease);
	return rig.out.lease->addr;
}

START_TEST(longest_from_decides)
{
	unsigned of_78 = 0, of_79 = 0;
	char in[100];

	rig_open(&rig, FROM);
	ck_assert_uint_eq(lease_of(NEW " | udp") >> 8, 0x0a4d00);
	for (unsigned i = 1; i <= 30; i++) {
		uint32_t net;

		snprintf(in, sizeof(in), "6 s=2001:db8:5:1::%x d=2001:db8:64::9.9.9.9 | udp", i);
		net = lease_of(in) >> 8;
		of_78 += net == 0x0a4e00;
		of_79 += net == 0x0a4f00;
	}
	ck_assert(of_78 == 15 && of_79 == 15);
	rig_expect(&rig, "6 s=2001:db8:5:1::31 d=2001:db8:64::9.9.9.9 | udp", REASON_POOL_FULL,
		   "answer 1 3 0");
	rig_close(&rig);
}
END_TEST

START_TEST(full_pool_is_no_way_to_another)
{
	rig_open(&rig, LAST);
	lease_of("6 s=2001:db8:5:1::1 d=2001:db8:64::9.9.9.9 | udp");
	rig_expect(&rig, "6 s=2001:db8:5:1::2 d=2001:db8:64::9.9.9.9 | udp", REASON_POOL_FULL,
		   "answer 1 3 0");
	ck_assert_uint_eq(lease_of(NEW " | udp") >> 8, 0x0a4d00);
	rig_close(&rig);
}
END_TEST

/* --- leases --------------------------------------------------------------------------------- */

static struct lpm *one_network(const struct ip6 *a, unsigned len)
{
	struct lpm *t = lpm_new(128);

	lpm_add(t, a->b, len, 0);
	ck_assert_int_eq(lpm_seal(t), 0);
	return t;
}

/* Whether a host may have a lease is checked when the lease begins, and when a configuration is
 * loaded. */
START_TEST(lease_is_not_asked_again)
{
	static const struct ip6 other = {{0x20, 0x01, 0x0d, 0xb8, 0, 6}};
	struct lpm *allow = one_network(&other, 48);
	char in[100];

	rig_open(&rig, NAT64);
	rig_expect(&rig, NEW " | udp", REASON_OK, "*");
	rig.conf.allow = allow;
	rig_expect(&rig, NEW " | udp", REASON_OK, "*");
	snprintf(in, sizeof(in), "4 s=9.9.9.9 d=10.77.0.%u | udp",
		 pool_next(rig.x.pool, NULL)->addr & 255);
	rig_expect(&rig, in, REASON_OK, "*");
	rig_expect(&rig, "6 s=2001:db8:5::2 d=2001:db8:64::9.9.9.9 | udp", REASON_NOT_ALLOWED,
		   "answer 1 1 0");
	ck_assert_uint_eq(pool_used(rig.x.pool), 1);
	rig_close(&rig);
	lpm_free(allow);
}
END_TEST

START_TEST(policy_keeps_no_lease_alive)
{
	const struct lease *l;

	rig_open(&rig, HERE "deny 8.8.8.0/24");
	rig_expect(&rig, NEW " | udp", REASON_OK, "*");
	l = pool_next(rig.x.pool, NULL);
	rig.now += 60000;
	rig_expect(&rig, "6 s=2001:db8:5::1 d=2001:db8:64::8.8.8.8 | udp", REASON_DENIED,
		   "answer 1 1 0");
	rig_expect(&rig, "6 s=2001:db8:5::2 d=2001:db8:64::8.8.8.8 | udp", REASON_DENIED,
		   "answer 1 1 0");
	rig_expect(&rig, OTHER " | udp", REASON_NOT_ALLOWED, "answer 1 1 0");
	ck_assert_int_eq(l->last, rig.now / 1000 - 60);
	ck_assert_uint_eq(pool_used(rig.x.pool), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(policy_goes_before_drain_and_room)
{
	rig_open(&rig, RIG_SETUP ";pool 10.77.0.0/31;" ALLOW);
	rig_expect(&rig, NEW " | udp", REASON_OK, "*");
	rig_expect(&rig, "6 s=2001:db8:5::2 d=2001:db8:64::9.9.9.9 | udp", REASON_POOL_FULL,
		   "answer 1 3 0");
	rig_expect(&rig, OTHER " | udp", REASON_NOT_ALLOWED, "answer 1 1 0");
	xlat_set_draining(&rig.x, true);
	rig_expect(&rig, OTHER " | udp", REASON_NOT_ALLOWED, "answer 1 1 0");
	rig_expect(&rig, "6 s=2001:db8:5::2 d=2001:db8:64::9.9.9.9 | udp", REASON_DRAINING,
		   "answer 1 3 0");
	rig_close(&rig);
}
END_TEST

/* `allow' and `deny' are checked before the size, also for the last segment of a GSO packet that is
 * too big. */
START_TEST(policy_goes_before_size)
{
	const struct offload o = {.gso = GSO_TCP6,
				  .csum = CSUM_PARTIAL,
				  .seg = 1440,
				  .csum_start = 40,
				  .csum_offset = 16};
	static uint8_t b[CRAFT_MAX];
	size_t len = craft(b, "6 s=2001:db8:6::1 d=2001:db8:64::9.9.9.9 | tcp n=3000", NULL);

	rig_open(&rig, HERE "mtu 1400");
	ck_assert_int_eq(rig_send_offload(&rig, b, len, &o), REASON_NOT_ALLOWED);
	ck_assert(!rig.out.has_last && rig.out.packets == 3 && rig.out.answers == 1);
	rig_close(&rig);
	rig_open(&rig, SHUT "mtu 1400");
	ck_assert_int_eq(rig_send_offload(&rig, b, len, &o), REASON_DENIED);
	ck_assert(!rig.out.has_last && rig.out.packets == 3 && rig.out.answers == 1);
	rig_close(&rig);
}
END_TEST

START_TEST(test_allow)
{
	rig_check_rows(allow_rows, sizeof(allow_rows) / sizeof(*allow_rows));
}
END_TEST

START_TEST(test_deny)
{
	rig_check_rows(deny_rows, sizeof(deny_rows) / sizeof(*deny_rows));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xlat_policy");
	TCase *tc = tcase_create("xlat_policy");

	tcase_add_test(tc, lease_is_not_asked_again);
	tcase_add_test(tc, policy_keeps_no_lease_alive);
	tcase_add_test(tc, policy_goes_before_drain_and_room);
	tcase_add_test(tc, policy_goes_before_size);
	tcase_add_test(tc, test_from);
	tcase_add_test(tc, longest_from_decides);
	tcase_add_test(tc, full_pool_is_no_way_to_another);
	tcase_add_test(tc, test_allow);
	tcase_add_test(tc, test_deny);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
