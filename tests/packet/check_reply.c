/* check_reply - checks the ICMP errors and echo replies that the translator originates. */
#include "packet/reply.h"
#include "support/craft.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct reply_own own = {0xc00002fe,
				     {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x64}}};

static uint8_t buf[CRAFT_MAX], want[CRAFT_MAX];

static const struct {
	const char *name, *in;
	bool allowed;
} allowed[] = {
	{"1812-4.3.2.7 UDP", "4 | udp", true},
	{"1812-4.3.2.7 TCP", "4 | tcp", true},
	{"1812-4.3.2.7 ESP", "4 p=50 | data 8", true},
	{"1812-4.3.2.7 echo request", "4 | echo", true},
	{"1812-4.3.2.7 echo reply", "4 | reply", true},
	{"1812-4.3.2.7 timestamp", "4 | icmp 13 0 0 n=12", true},
	{"1812-4.3.2.7 unreachable", "4 | icmp 3 1 0 | 4r | udp", false},
	{"1812-4.3.2.7 quench", "4 | icmp 4 0 0 | 4r | udp", false},
	{"1812-4.3.2.7 redirect", "4 | icmp 5 0 0 | 4r | udp", false},
	{"1812-4.3.2.7 time exceeded", "4 | icmp 11 0 0 | 4r | udp", false},
	{"1812-4.3.2.7 parameter problem", "4 | icmp 12 0 0 | 4r | udp", false},
	{"1812-4.3.2.7 UDP behind AH", "4 | ah | udp", true},
	{"1812-4.3.2.7 echo request behind AH", "4 | ah | echo", true},
	{"1812-4.3.2.7 unreachable behind AH", "4 | ah | icmp 3 1 0 | 4r | udp", false},
	{"1812-4.3.2.7 redirect behind two AHs", "4 | ah | ah n=2 | icmp 5 0 0 | 4r | udp", false},
	{"1812-4.3.2.7 AH without a byte", "4 p=51 | data 0", true},
	{"1812-4.3.2.7 AH cut by a fragment", "4 | part 0 8 | ah | udp n=99", false},
	{"1812-4.3.2.7 what is no header in IPv4 behind AH", "4 | ah nh=60 | hex 3a00", true},
	{"1812-4.3.2.7 first fragment", "4 | part 0 80 | udp n=999", true},
	{"1812-4.3.2.7 later fragment", "4 | part 80 80 | udp n=999", false},
	{"1812-4.3.2.7 to multicast", "4 d=224.1.1.1 | udp", false},
	{"1812-4.3.2.7 to broadcast", "4 d=255.255.255.255 | udp", false},
	{"1812-4.3.2.7 from multicast", "4 s=224.1.1.1 | udp", false},
	{"1812-4.3.2.7 from 0.0.0.0", "4 s=0.0.0.0 | udp", false},
	{"1812-4.3.2.7 from 127.0.0.1", "4 s=127.0.0.1 | udp", false},
	{"1812-4.3.2.7 from class E", "4 s=240.0.0.1 | udp", false},
	{"1812-4.3.2.7 to class E", "4 d=240.0.0.1 | udp", true},
	{"1812-4.3.2.7 from and to a link-local host", "4 s=169.254.1.1 d=169.254.1.2 | udp", true},
	{"rules-9 from ourselves", "4 s=192.0.2.254 | udp", false},
	{"4443-2.4e UDP", "6 | udp", true},
	{"4443-2.4e echo request", "6 | echo", true},
	{"4443-2.4e echo reply", "6 | reply", true},
	{"4443-2.4e unreachable", "6 | icmp 1 0 0 | 6r | udp", false},
	{"4443-2.4e type 127", "6 | icmp 127 0 0 n=40", false},
	{"4443-2.4e error behind extension headers", "6 | hbh | dst | icmp 3 0 0 | 6r | udp",
	 false},
	{"4443-2.4e UDP behind AH", "6 | ah | udp", true},
	{"4443-2.4e echo request behind AH", "6 | dst | ah | echo", true},
	{"4443-2.4e ESP behind AH", "6 | ah nh=50 | data 8", true},
	{"4443-2.4e error behind AH", "6 | ah | icmp 1 4 0 | 6r | udp", false},
	{"4443-2.4e error behind a long AH", "6 | ah n=5 | icmp 1 4 0 | 6r | udp", false},
	{"4443-2.4e error behind AH and more", "6 | ah | dst n=2 | ah | icmp 1 4 0 | 6r | udp",
	 false},
	{"4443-2.4e redirect behind AH", "6 | ah | icmp 137 0 0 n=40", false},
	{"4443-2.4e UDP behind a fragment header and more", "6 | frag | dst | udp", true},
	{"4443-2.4e error behind a fragment header and hop-by-hop",
	 "6 | frag | hbh | icmp 1 1 0 | 6r | udp", false},
	{"4443-2.4e error behind a fragment header and routing",
	 "6 | frag | rt n=2 left=1 | icmp 1 1 0 | 6r | udp", false},
	{"4443-2.4e error behind a fragment header and destination options",
	 "6 | frag | dst | icmp 1 1 0 | 6r | udp", false},
	{"4443-2.4e error behind a fragment header and AH", "6 | frag | ah | icmp 1 1 0 | 6r | udp",
	 false},
	{"4443-2.4e error behind two fragment headers", "6 | frag | frag | icmp 1 1 0 | 6r | udp",
	 false},
	{"4443-2.4e redirect behind a fragment header and more",
	 "6 | frag | dst | icmp 137 0 0 n=40", false},
	{"4443-2.4e first fragment of options and UDP", "6 | part 0 80 | dst | udp n=999", true},
	{"4443-2.4e first fragment of options and an error",
	 "6 | part 0 80 | dst | icmp 1 1 0 | 6r | udp n=99", false},
	{"4443-2.4e first fragment that ends before UDP", "6 | part 0 8 | dst | udp n=99", true},
	{"4443-2.4e first fragment that ends before ICMPv6",
	 "6 | part 0 8 | dst | icmp 1 1 0 | 6r | udp n=99", false},
	{"4443-2.4e first fragment that ends in its chain", "6 | part 0 8 | dst n=1 | udp n=99",
	 false},
	{"4443-2.4e first fragment that ends between headers", "6 | part 0 8 | dst | dst | udp",
	 false},
	{"4443-2.4e first fragment that ends in AH", "6 | part 0 8 | ah | udp n=99", false},
	{"4443-2.4e first fragment that ends in options behind another fragment header",
	 "6 | part 0 16 | frag | dst n=1 | udp n=99", false},
	{"4443-2.4e AH beyond a packet that is whole", "6 | ah el=40 | udp", true},
	{"4443-2.4e AH without a byte", "6 p=51 | data 0", true},
	{"4443-2.4e options beyond an atomic fragment", "6 | frag | dst el=9 | udp", true},
	{"4443-2.4e later fragment behind AH", "6 | ah | part 960 47 | udp n=999", false},
	{"4443-2.4e redirect", "6 | icmp 137 0 0 n=40", false},
	{"4443-2.4e first fragment", "6 | part 0 80 | udp n=999", true},
	{"4443-2.4e later fragment", "6 | part 80 80 | udp n=999", false},
	{"4443-2.4e atomic fragment", "6 | frag | udp", true},
	{"4443-2.4e from ::", "6 s=:: | udp", false},
	{"4443-2.4e from multicast", "6 s=ff0e::1 | udp", false},
	{"4443-2.4e to multicast", "6 d=ff0e::1 | udp", false},
	{"rules-9 from ourselves, IPv6", "6 s=2001:db8:ffff::64 | udp", false},
};

START_TEST(may_be_answered)
{
	struct packet p;
	size_t len = craft(buf, allowed[_i].in, NULL);

	ck_assert_msg(packet_parse(&p, buf, len, false) == REASON_OK, "%s", allowed[_i].name);
	ck_assert_msg(reply_allowed(&p, &own) == allowed[_i].allowed, "%s", allowed[_i].name);
}
END_TEST

static const struct {
	const char *name, *in;
	struct icmp_answer what;
	uint32_t rest;
	const char *out;
} errors[] = {
	{"792 quotes the packet whole", "4 | udp n=0", {3, 1}, 0, "icmp 3 1 0 | in"},
	{"1812-4.3.2.3 547 bytes", "4 | udp n=519", {11, 0}, 0, "icmp 11 0 0 | in"},
	{"1812-4.3.2.3 548 bytes", "4 | udp n=520", {11, 0}, 0, "icmp 11 0 0 | in"},
	{"1812-4.3.2.3 549 bytes", "4 | udp n=521", {11, 0}, 0, "icmp 11 0 0 cut=548 | in"},
	{"1812-4.3.2.3 65535 bytes", "4 | udp n=65507", {11, 0}, 0, "icmp 11 0 0 cut=548 | in"},
	{"1191-4 MTU", "4 df | tcp n=1460", {3, 4}, 1480, "icmp 3 4 1480 cut=548 | in"},
	{"792 options are quoted", "4 opts=830704c633640a00 | udp", {3, 5}, 0, "icmp 3 5 0 | in"},
	{"4443-3.1 quotes the packet whole", "6 | udp n=0", {1, 0}, 0, "icmp 1 0 0 | in"},
	{"4443-2.4c 1232 bytes", "6 | udp n=1184", {3, 0}, 0, "icmp 3 0 0 | in"},
	{"4443-2.4c 1233 bytes", "6 | udp n=1185", {3, 0}, 0, "icmp 3 0 0 cut=1232 | in"},
	{"4443-3.2 MTU", "6 | tcp n=1500", {2, 0}, 1500, "icmp 2 0 1500 cut=1232 | in"},
	{"4443-3.4 pointer", "6 | hbh | rt left=1 | udp", {4, 0}, 51, "icmp 4 0 51 | in"},
	{"4443-3.4 pointer beyond 16 bits",
	 "6 | udp",
	 {4, 0},
	 0x12345678,
	 "icmp 4 0 0x12345678 | in"},
};

START_TEST(error)
{
	struct bytes in = {buf, craft(buf, errors[_i].in, NULL)};
	bool six = buf[0] >> 4 == 6;
	uint8_t *out = malloc(REPLY_MAX6);
	char text[200];
	struct packet p;
	size_t len, n;

	ck_assert_msg(packet_parse(&p, buf, in.len, false) == REASON_OK, "%s", errors[_i].name);
	n = reply_error(out, &p, &own, errors[_i].what, errors[_i].rest, 0xbeef);
	snprintf(text, sizeof(text),
		 six ? "6r s=2001:db8:ffff::64 d=" CRAFT_WORLD6 " | %s"
		     : "4r s=192.0.2.254 d=" CRAFT_WORLD4 " tos=0xc0 id=0xbeef | %s",
		 errors[_i].out);
	len = craft(want, text, &in);
	ck_assert_msg(n == len, "%s: %zu bytes, not %zu", errors[_i].name, n, len);
	if (!six) { /* DF may have any value */
		want[6] = out[6] & 0x40;
		craft_seal4(want);
	}
	ck_assert_msg(memcmp(out, want, n) == 0, "%s", errors[_i].name);
	free(out);
}
END_TEST

static const struct {
	const char *in, *out;
} echoes[] = {
	{"4 d=192.0.2.254 | echo n=0", "4 s=192.0.2.254 d=" CRAFT_WORLD4 " id=0xbeef | reply n=0"},
	{"4 d=192.0.2.254 | echo n=7", "4 s=192.0.2.254 d=" CRAFT_WORLD4 " id=0xbeef | reply n=7"},
	{"4 d=192.0.2.254 opts=0101010101010101 | echo n=7",
	 "4 s=192.0.2.254 d=" CRAFT_WORLD4 " id=0xbeef | reply n=7"},
	{"6 d=2001:db8:ffff::64 | echo n=7",
	 "6 s=2001:db8:ffff::64 d=" CRAFT_WORLD6 " | reply n=7"},
	{"6 d=2001:db8:ffff::64 | dst n=3 | echo n=7",
	 "6 s=2001:db8:ffff::64 d=" CRAFT_WORLD6 " | reply n=7"},
};

START_TEST(echo)
{
	struct packet p;
	size_t len = craft(buf, echoes[_i].in, NULL), n, head = buf[0] >> 4 == 4 ? 20 : 40;
	const uint8_t *got;
	uint8_t *l4;

	ck_assert_int_eq(packet_parse(&p, buf, len, false), REASON_OK);
	l4 = buf + (p.l4.p - buf);
	n = reply_echo(&p, l4, 0xbeef);
	got = l4 - head;
	len = craft(want, echoes[_i].out, NULL);
	ck_assert_msg(n == len, "%s: %zu bytes, not %zu", echoes[_i].in, n, len);
	if (head == 20) {
		want[6] = got[6] & 0x40;
		craft_seal4(want);
	}
	ck_assert_msg(memcmp(got, want, n) == 0, "%s", echoes[_i].in);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reply");
	TCase *c = tcase_create("reply");

	tcase_add_loop_test(c, may_be_answered, 0, ROWS(allowed));
	tcase_add_loop_test(c, error, 0, ROWS(errors));
	tcase_add_loop_test(c, echo, 0, ROWS(echoes));
	suite_add_tcase(s, c);
	return run_suite(s);
}
