/* check_csum - compares sums with the definition, 16 bits at a time [1071], and updates with new
 * sums [1624]. */
#include <string.h>

#include "lib/csum.h"
#include "support/random.h"
#include "support/run.h"
#include "lib/wire.h"

static uint16_t naive_fold(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

static uint16_t naive_csum(const uint8_t *p, size_t len)
{
	return (uint16_t)(0xffff - naive_fold(p, len));
}

struct row {
	const char *name;
	size_t len;
	uint8_t bytes[20];
	uint16_t fold;
};

static const struct row rows[] = {
	{"nothing", 0, {0}, 0},
	{"1071-3: the numerical example",
	 8,
	 {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7},
	 0xddf2},
	{"an odd last byte is a high half", 3, {0x00, 0x01, 0x02}, 0x0201},
	{"one byte", 1, {0xff}, 0xff00},
	{"zeros stay zero", 12, {0}, 0},
	{"ones stay ones", 4, {0xff, 0xff, 0xff, 0xff}, 0xffff},
	{"a carry comes around", 4, {0xff, 0xff, 0x00, 0x01}, 0x0001},
	{"an IPv4 header with its checksum",
	 20,
	 {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	  0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7},
	 0xffff},
};

START_TEST(sum_at)
{
	uint8_t buf[301];

	random_fill(buf, sizeof(buf));
	for (size_t cut = 0; cut <= sizeof(buf); cut++)
		ck_assert_msg(csum_fold(csum_sum_at(buf, cut, 0) +
					csum_sum_at(buf + cut, sizeof(buf) - cut, cut)) ==
				      naive_fold(buf, sizeof(buf)),
			      "1071-2 (B): cut at %zu", cut);
}
END_TEST

START_TEST(sum_row)
{
	const struct row *r = &rows[_i];

	ck_assert_msg(csum_fold(csum_sum(r->bytes, r->len)) == r->fold, "%s: %04x", r->name,
		      csum_fold(csum_sum(r->bytes, r->len)));
}
END_TEST

START_TEST(sum_random)
{
	uint8_t buf[320];

	for (int turn = 0; turn < 3; turn++) {
		random_fill(buf, sizeof(buf));
		if (turn == 1)
			memset(buf, 0xff, sizeof(buf));
		for (size_t at = 0; at < 16; at++)
			for (size_t len = 0; len <= 300; len++)
				ck_assert_msg(csum_fold(csum_sum(buf + at, len)) ==
						      naive_fold(buf + at, len),
					      "%zu bytes at %zu", len, at);
	}
}
END_TEST

START_TEST(sum_longest)
{
	static uint8_t buf[65535];

	random_fill(buf, sizeof(buf));
	ck_assert_uint_eq(csum_fold(csum_sum(buf, sizeof(buf))), naive_fold(buf, sizeof(buf)));
	memset(buf, 0xff, sizeof(buf));
	ck_assert_uint_eq(csum_fold(csum_sum(buf, sizeof(buf))), naive_fold(buf, sizeof(buf)));
}
END_TEST

START_TEST(sum_pieces)
{
	uint8_t buf[300];

	random_fill(buf, sizeof(buf));
	for (size_t cut = 0; cut <= sizeof(buf); cut += 2)
		ck_assert_uint_eq(
			csum_fold(csum_sum(buf, cut) + csum_sum(buf + cut, sizeof(buf) - cut)),
			naive_fold(buf, sizeof(buf)));
}
END_TEST

START_TEST(fold_extremes)
{
	ck_assert_uint_eq(csum_fold(UINT64_MAX), 0xffff);
	ck_assert_uint_eq(csum_fold(0x0001000100010001), 4);
	ck_assert_uint_eq(csum_fold(0xffff0000ffff0001), 1);
	ck_assert_uint_eq(csum_fold(0xfffe00000000ffff), 0xfffe);
	ck_assert_uint_eq(csum_fold(0x10000), 1);
	ck_assert_uint_eq(csum_finish(0), 0xffff);
	ck_assert_uint_eq(csum_finish(0xffff), 0);
}
END_TEST

/* Replaces each value of a word by another one in a packet that is not all zero, and compares with
 * a new sum. */
START_TEST(update_all_values)
{
	uint8_t packet[40];

	for (uint32_t v = 0; v <= 0xffff; v++) {
		uint16_t csum, new = (uint16_t)random_next();

		random_fill(packet, sizeof(packet));
		packet[0] |= 1;
		put16(packet + 10, v);
		csum = naive_csum(packet, sizeof(packet));
		put16(packet + 10, new);
		csum = csum_update(csum, v, new);
		ck_assert_msg(csum == naive_csum(packet, sizeof(packet)), "%04x to %04x: %04x", v,
			      new, csum);
	}
}
END_TEST

/* Every value of the checksum, with difficult values of the old and new word. */
START_TEST(update_all_checksums)
{
	static const uint16_t words[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x5555};
	uint8_t packet[6];

	for (uint32_t v = 0; v <= 0xffff; v++) {
		for (int i = 0; i < ROWS(words) * ROWS(words); i++) {
			uint16_t old = words[i / ROWS(words)], new = words[i % ROWS(words)];
			uint16_t csum;

			put16(packet, v);
			put16(packet + 2, old);
			put16(packet + 4, 0x1234); /* so that the packet is never all zero */
			csum = csum_update(naive_csum(packet, 6), old, new);
			put16(packet + 2, new);
			if (csum != naive_csum(packet, 6))
				ck_abort_msg("%04x: %04x to %04x", v, old, new);
		}
	}
}
END_TEST

START_TEST(update_1624_4)
{
	/* The example of section 4: the checksum is 0xdd2f and 0x5555 becomes 0x3285; eqn 2 would
	 * give 0xffff. */
	ck_assert_uint_eq(csum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}
END_TEST

START_TEST(update_sums)
{
	uint8_t packet[60];

	for (int turn = 0; turn < 10000; turn++) {
		uint64_t old, new;
		uint16_t csum;

		random_fill(packet, sizeof(packet));
		packet[0] |= 1;
		csum = naive_csum(packet, sizeof(packet));
		old = csum_sum(packet + 8, 32);
		random_fill(packet + 8, 32);
		new = csum_sum(packet + 8, 32);
		ck_assert_uint_eq(csum_update(csum, old, new), naive_csum(packet, sizeof(packet)));
	}
}
END_TEST

/* Of all messages with updated checksum 0, only the all-zero message needs 0xffff. */
START_TEST(put_icmp4_zero)
{
	uint8_t msg[12] = {0};

	csum_put_icmp4(msg + 2, 0, msg, sizeof(msg));
	ck_assert_uint_eq(get16(msg + 2), 0xffff);
	msg[4] = 0xff;
	msg[7] = 0xff;
	csum_put_icmp4(msg + 2, 0, msg, sizeof(msg));
	ck_assert_uint_eq(get16(msg + 2), 0);
	csum_put_icmp4(msg + 2, 0x1234, msg, sizeof(msg));
	ck_assert_uint_eq(get16(msg + 2), 0x1234);
}
END_TEST

START_TEST(udp_zero)
{
	ck_assert_uint_eq(csum_udp(0), 0xffff);
	for (uint32_t v = 1; v <= 0xffff; v++)
		ck_assert_uint_eq(csum_udp((uint16_t)v), v);
}
END_TEST

START_TEST(pseudo_headers)
{
	uint8_t h[40];
	struct ip6 a, b;

	for (int turn = 0; turn < 1000; turn++) {
		uint32_t len = random_next();

		random_fill(h, sizeof(h));
		memcpy(&a, h, 16);
		memcpy(&b, h + 16, 16);
		put32(h + 32, len);
		put32(h + 36, 17);
		ck_assert_uint_eq(csum_fold(csum_addrs6(&a, &b) + csum_pseudo(len, 17)),
				  naive_fold(h, 40));
		ck_assert_uint_eq(csum_fold(csum_addrs4(get32(h), get32(h + 4))), naive_fold(h, 8));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csum");
	TCase *t = tcase_create("csum");

	tcase_add_test(t, sum_at);
	tcase_add_loop_test(t, sum_row, 0, ROWS(rows));
	tcase_add_test(t, sum_random);
	tcase_add_test(t, sum_longest);
	tcase_add_test(t, sum_pieces);
	tcase_add_test(t, fold_extremes);
	tcase_add_test(t, update_all_values);
	tcase_add_test(t, update_all_checksums);
	tcase_add_test(t, update_1624_4);
	tcase_add_test(t, update_sums);
	tcase_add_test(t, put_icmp4_zero);
	tcase_add_test(t, udp_zero);
	tcase_add_test(t, pseudo_headers);
	suite_add_tcase(s, t);
	return run_suite(s);
}
