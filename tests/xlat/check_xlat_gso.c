/* check_xlat_gso - a GSO packet must give the same packets as its segments sent one by one (except
 * IPv4 Identifications). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/random.h"
#include "support/rig.h"
#include "support/run.h"
#include "support/segment.h"
#include "lib/wire.h"

#define PACKETS 1500

static const char *const setups[] = {
	RIG_BASE "mtu 1500",
	RIG_BASE "mtu 1500; offlink 1400",
	RIG_BASE "mtu 1280",
	RIG_BASE "mtu 9000; offlink 9000",
	RIG_BASE "mtu 65535; offlink 65535",
	RIG_BASE "mtu 65535",
	RIG_BASE "mtu 1500; mss auto; tos 4to6",
	RIG_BASE "mtu 1280; errors never; tos 6to4",
};

struct made { /* a complete packet, and the offset of its L4 header */
	uint8_t bytes[CRAFT_MAX];
	size_t len, l4_at;
	unsigned proto;
	char text[600];
};

static struct made made;
static struct rig gso_rig, alone_rig;
static struct segments whole, wanted, found;

static unsigned one_of(unsigned n, const unsigned *of)
{
	return of[random_below(n)];
}

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *fmt, ...)
{
	size_t len = strlen(made.text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(made.text + len, sizeof(made.text) - len, fmt, args);
	va_end(args);
}

static void choose_ip(bool six)
{
	static const unsigned ttls[] = {64, 64, 64, 64, 64, 64, 2, 1, 0};

	add(six ? "6r hop=%u tc=%u" : "4 ttl=%u tos=%u", one_of(9, ttls), random_below(256));
	if (random_below(20) == 0)
		add(six ? " d=2001:db8:ffff::64" : " d=192.0.2.254");
	if (!six && random_below(2))
		add(" df");
	if (!six)
		add(" id=%u", random_below(65536));
	if (!six && random_below(8) == 0)
		add(" opts=01010101");
	if (six && random_below(8) == 0)
		add(random_below(2) ? " | hbh" : " | dst n=2");
	if (six && random_below(30) == 0)
		add(" | rt left=%u", random_below(2));
}

static unsigned choose_payload(void)
{
	static const unsigned most[] = {1, 10, 1500, 3000, 20000, 65000};

	return 1 + random_below(one_of(6, most));
}

static void choose_l4(void)
{
	static const unsigned flags[] = {0x10, 0x10, 0x18, 0x19, 0x90, 0x98, 0x02, 0x11};

	if (made.proto == 17) {
		add(" | udp n=%u sp=%u", choose_payload(), random_below(65536));
		return;
	}
	add(" | tcp n=%u fl=%#x", choose_payload(), one_of(8, flags));
	if (random_below(3) == 0)
		add(" opts=0101080a0102030405060708");
	else if (random_below(8) == 0)
		add(" opts=020405b4");
}

static size_t behind_ext_hdrs(const uint8_t *p)
{
	uint8_t next = p[6];
	size_t at = 40;

	while (next == 0 || next == 43 || next == 60) {
		next = p[at];
		at += (p[at + 1] + 1u) * 8u;
	}
	return at;
}

static void make(void)
{
	struct bytes none = {made.bytes, 0};
	bool six = random_below(2);

	made.text[0] = '\0';
	made.proto = random_below(2) ? 6 : 17;
	choose_ip(six);
	choose_l4();
	made.len = craft(made.bytes, made.text, &none);
	made.l4_at = six ? behind_ext_hdrs(made.bytes) : (made.bytes[0] & 15u) * 4u;
	if (made.proto == 6)
		put32(made.bytes + made.l4_at + 4, random_next());
}

/* Chooses a segment size, often at a limit. */
static size_t choose_seg(const struct rig *r, size_t header)
{
	const size_t at[] = {r->x.mtu, r->conf.offlink_mtu, 1280, 1260, 1240, 100};
	size_t seg = at[random_below(6)] + random_below(5);

	seg = seg > header + 60 ? seg - header - (random_below(2) ? 0 : 20) : 40 + random_below(60);
	return seg > 65000 ? 65000 : seg;
}

/* Makes the checksum of a complete TCP packet 0 or 0xffff, which are equivalent. */
static void choose_zero(uint8_t *p, size_t len)
{
	size_t at = (p[0] >> 4 == 4 ? 20 : 40) + offsetof(struct tcp_hdr, csum);
	unsigned proto = p[0] >> 4 == 4 ? p[9] : p[6];

	if (proto == PROTO_TCP && len >= at + 2 && get16(p + at) == 0)
		put16(p + at, 0xffff);
}

static void drop_what_may_differ(struct segments *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		size_t len;
		uint8_t *p = segments_at(s, i, &len);

		choose_zero(p, len);
		if (p[0] >> 4 != 4)
			continue;
		p[4] = p[5] = 0;
		craft_seal4(p);
	}
}

static void collect(struct segments *to, const struct rig *r)
{
	static uint8_t bytes[CRAFT_MAX];

	for (unsigned i = 0; i < r->out.outputs; i++) {
		size_t len = rig_output(r, i, bytes);

		segments_add(to, bytes, len, &r->out.output[i].offload);
	}
}

static const char *compare(void)
{
	static char what[100];

	drop_what_may_differ(&wanted);
	drop_what_may_differ(&found);
	if (wanted.n != found.n) {
		snprintf(what, sizeof(what), "%u packets, wanted %u", found.n, wanted.n);
		return what;
	}
	for (unsigned i = 0; i < wanted.n; i++) {
		size_t a_len, b_len;
		const uint8_t *a = segments_at(&wanted, i, &a_len);
		const uint8_t *b = segments_at(&found, i, &b_len);

		if (a_len == b_len && memcmp(a, b, a_len) == 0)
			continue;
		snprintf(what, sizeof(what), "packet %u of %u (%zu bytes, wanted %zu) differs", i,
			 found.n, b_len, a_len);
		return what;
	}
	return NULL;
}

/* The last segment may be short enough to pass although the others are too big. */
static bool may_follow(unsigned i, enum reason first, enum reason why)
{
	return why == first || (i == whole.n - 1 && first == REASON_TOO_BIG && why == REASON_OK);
}

/* Sends each segment of `whole` separately; if they are refused, keeps only the result of the
 * first. */
static enum reason send_alone(void)
{
	enum reason first = REASON_OK;

	wanted.n = 0;
	for (unsigned i = 0; i < whole.n; i++) {
		size_t len;
		const uint8_t *p = segments_at(&whole, i, &len);
		enum reason why = rig_send(&alone_rig, p, len);

		if (i == 0)
			first = why;
		ck_assert_msg(may_follow(i, first, why), "%s: segment %u: %d", made.text, i, why);
		if (i == 0 || why == REASON_OK)
			collect(&wanted, &alone_rig);
	}
	return first;
}

static size_t bytes_of(const struct segments *s)
{
	size_t sum = 0, len;

	for (unsigned i = 0; i < s->n; i++) {
		segments_at(s, i, &len);
		sum += len;
	}
	return sum;
}

static unsigned refused, sent_whole, cut_up, passed_last;

static void check_one(const char *setup, size_t seg)
{
	struct offload o = segments_glue(made.bytes, made.len, made.l4_at, made.proto, seg);
	enum reason want, why;
	const char *wrong;
	unsigned packets;
	size_t bytes;

	whole.n = found.n = 0;
	segments_add(&whole, made.bytes, made.len, &o);
	want = send_alone();
	why = rig_send_offload(&gso_rig, made.bytes, made.len, &o);
	collect(&found, &gso_rig);
	packets = gso_rig.out.packets + gso_rig.out.has_last;
	bytes = gso_rig.out.bytes + (gso_rig.out.has_last ? gso_rig.out.last_packet.len : 0);
	sent_whole += why == REASON_OK && gso_rig.out.outputs < whole.n;
	cut_up += why == REASON_OK && gso_rig.out.outputs >= whole.n;
	if (gso_rig.out.has_last) {
		ck_assert_int_eq(why, REASON_TOO_BIG);
		ck_assert_int_eq(gso_rig.out.last, REASON_OK);
		passed_last++;
	}
	wrong = why == want ? compare() : "another reason";
	ck_assert_msg(!wrong, "%s | segments of %zu | %s: %s (%s, wanted %s)", setup, seg,
		      made.text, wrong, reason_table[why].name, reason_table[want].name);
	ck_assert_uint_eq(packets, whole.n);
	ck_assert_uint_eq(bytes, bytes_of(&whole));
	refused += why != REASON_OK;
}

START_TEST(gso_is_its_segments)
{
	const char *setup = setups[_i];

	random_state = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);
	rig_open(&gso_rig, setup);
	rig_open(&alone_rig, setup);
	segments_open(&whole);
	segments_open(&wanted);
	segments_open(&found);
	refused = sent_whole = cut_up = passed_last = 0;
	for (int i = 0; i < PACKETS; i++) {
		size_t seg;

		make();
		seg = choose_seg(&gso_rig, made.l4_at + 8);
		check_one(setup, random_below(5) == 0 || made.len / seg > 500 ? 0 : seg);
	}
	ck_assert_msg(refused > 50 && sent_whole > 50 && cut_up > 50,
		      "%s: %u refused, %u whole, %u cut", setup, refused, sent_whole, cut_up);
	ck_assert_msg(passed_last > 10 || gso_rig.x.mtu > 1500, "%s: %u last ones", setup,
		      passed_last);
	segments_close(&found);
	segments_close(&wanted);
	segments_close(&whole);
	rig_close(&alone_rig);
	rig_close(&gso_rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlat_gso");
	TCase *t = tcase_create("xlat_gso");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, gso_is_its_segments, 0, ROWS(setups));
	suite_add_tcase(s, t);
	return run_suite(s);
}
