/* check_mss - checks which MSS options are lowered [9293-3.7.1], and the checksum afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/craft.h"
#include "packet/mss.h"
#include "support/random.h"
#include "support/run.h"
#include "lib/wire.h"

#define SYN     0x02
#define SYN_ACK 0x12
#define ACK     0x10

/* Options in hexadecimal, in whole words.  AFTER is the expected result; NULL: no options. */
static const struct {
	const char *name;
	unsigned flags;
	const char *opts;
	unsigned most;
	const char *after;
} rows[] = {
	{"above the limit", SYN, "020405b4", 1400, "02040578"},
	{"one above the limit", SYN, "02040579", 1400, "02040578"},
	{"at the limit", SYN, "02040578", 1400, NULL},
	{"below the limit: never raised", SYN, "02040577", 1400, NULL},
	{"nothing at all announced", SYN, "02040000", 1400, NULL},
	{"as much as can be announced", SYN, "0204ffff", 1400, "02040578"},
	{"to the least limit", SYN, "0204ffff", 536, "02040218"},
	{"the largest limit", SYN, "0204ffff", 65495, "0204ffd7"},
	{"SYN and ACK", SYN_ACK, "020405b4", 1400, "02040578"},
	{"SYN with ECE and CWR [3168-6.1.1]", 0xc2, "020405b4", 1400, "02040578"},
	{"SYN and RST", SYN | 4, "020405b4", 1400, "02040578"},
	{"every flag", 0xff, "020405b4", 1400, "02040578"},
	{"no SYN: ACK", ACK, "020405b4", 1400, NULL},
	{"no SYN: FIN", 0x11, "020405b4", 1400, NULL},
	{"no SYN: RST", 4, "020405b4", 1400, NULL},
	{"no SYN: no flag", 0, "020405b4", 1400, NULL},
	{"no SYN: every other flag", 0xfd, "020405b4", 1400, NULL},
	{"no option", SYN, "", 1400, NULL},
	{"other options only", SYN, "0101080a0102030405060708", 1400, NULL},
	{"what Linux sends", SYN, "020405b40402080a0102030400000000010303 07", 1400,
	 "020405780402080a0102030400000000010303 07"},
	{"behind one NOP: odd", SYN, "01020405b4000000", 1400, "0102040578000000"},
	{"behind two NOPs", SYN, "0101020405b40000", 1400, "0101020405780000"},
	{"behind three NOPs: odd", SYN, "010101020405b400", 1400, "0101010204057800"},
	{"behind an option of three bytes: odd", SYN, "030307020405b400", 1400, "0303070204057800"},
	{"behind an option of two bytes", SYN, "0402020405b40000", 1400, "0402020405780000"},
	{"behind an option of ten bytes", SYN, "080a0102030405060708020405b40000", 1400,
	 "080a0102030405060708020405780000"},
	{"behind an unknown option", SYN, "fd050102 03020405b4000000", 1400,
	 "fd050102 0302040578000000"},
	{"odd, and both bytes change", SYN, "01 0204ffff 000000", 256 + 7, "01 02040107 000000"},
	{"odd, and one byte changes", SYN, "01 02040580 000000", 0x0507, "01 02040507 000000"},
	{"at the very end of forty bytes", SYN,
	 "0101010101010101010101010101010101010101010101010101010101010101 01010101 020405b4", 1400,
	 "0101010101010101010101010101010101010101010101010101010101010101 01010101 02040578"},
	{"behind the end of the list", SYN, "00000000020405b4", 1400, NULL},
	{"behind the end of the list, at once", SYN, "00020405b4000000", 1400, NULL},
	{"the first of two", SYN, "020405b4020405b4", 1400, "02040578020405b4"},
	{"the first of two is small enough", SYN, "02040400020405b4", 1400, NULL},
	{"length 0", SYN, "020005b4020405b4", 1400, NULL},
	{"length 1", SYN, "020105b4020405b4", 1400, NULL},
	{"length 2", SYN, "0202020405b40000", 1400, NULL},
	{"length 3", SYN, "020305 020405b400", 1400, NULL},
	{"length 5", SYN, "020505b4ff000000", 1400, NULL},
	{"length 255", SYN, "02ff05b400000000", 1400, NULL},
	{"length beyond the header", SYN, "01010204", 1400, NULL},
	{"length beyond the header by one", SYN, "01020405", 1400, NULL},
	{"the kind is the last byte", SYN, "01010102", 1400, NULL},
	{"an option of length 0 in front", SYN, "0800020405b40000", 1400, NULL},
	{"an option of length 1 in front", SYN, "0801020405b40000", 1400, NULL},
	{"an option longer than the header in front", SYN, "08ff020405b40000", 1400, NULL},
	{"an option without a length in front", SYN, "01010108", 1400, NULL},
	{"NOPs only", SYN, "01010101", 1400, NULL},
	{"zeros only", SYN, "0000000000000000", 1400, NULL},
};

/* Converts the pairs of hexadecimal digits in TEXT to bytes; returns their number. */
static size_t parse(uint8_t *to, const char *text)
{
	size_t n = 0;
	unsigned v;

	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		ck_assert_int_eq(sscanf(text, "%2x", &v), 1);
		to[n++] = (uint8_t)v;
		text += 2;
	}
	return n;
}

/* Sets the checksum for a pseudo-header with any sum. */
static void seal(uint8_t *tcp, size_t len, unsigned pseudo)
{
	put16(tcp + offsetof(struct tcp_hdr, csum), 0);
	put16(tcp + offsetof(struct tcp_hdr, csum), ~craft_sum(pseudo, tcp, len) & 0xffff);
}

/* Builds a segment of random bytes with these options; returns its length. */
static size_t build(uint8_t *tcp, unsigned flags, const uint8_t *opts, size_t opts_len,
		    size_t payload, unsigned pseudo)
{
	size_t len = sizeof(struct tcp_hdr) + opts_len + payload;

	random_fill(tcp, len);
	tcp[offsetof(struct tcp_hdr, doff)] = (uint8_t)((5 + opts_len / 4) << 4);
	tcp[offsetof(struct tcp_hdr, flags)] = (uint8_t)flags;
	if (opts_len)
		memcpy(tcp + sizeof(struct tcp_hdr), opts, opts_len);
	seal(tcp, len, pseudo);
	return len;
}

/* Clamps a copy of the LEN bytes at TCP in memory of exactly that size, and compares with WANT.  A
 * partial checksum must not change. */
static void check_one(const char *name, const uint8_t *tcp, size_t len, unsigned most,
		      const uint8_t *want, bool partial)
{
	const size_t csum = offsetof(struct tcp_hdr, csum);
	uint8_t *copy = malloc(len ? len : 1);
	size_t at = 0;

	if (!copy)
		ck_abort_msg("out of memory");
	if (len)
		memcpy(copy, tcp, len);
	mss_clamp(copy, len, most, partial);
	while (at < len && copy[at] == (partial && at / 2 == csum / 2 ? tcp : want)[at])
		at++;
	if (at < len)
		ck_abort_msg("%s%s: byte %zu is %02x, not %02x", name, partial ? ", partial" : "",
			     at, copy[at], want[at]);
	free(copy);
}

static void check(const char *name, const uint8_t *tcp, size_t len, unsigned most,
		  const uint8_t *want)
{
	check_one(name, tcp, len, most, want, false);
	check_one(name, tcp, len, most, want, true);
}

START_TEST(options)
{
	uint8_t opts[40], after[40], tcp[100], want[100];
	size_t n = parse(opts, rows[_i].opts), payload, len;

	ck_assert_uint_eq(n % 4, 0);
	if (rows[_i].after)
		ck_assert_uint_eq(parse(after, rows[_i].after), n);
	for (payload = 0; payload < 20; payload++) {
		unsigned pseudo = random_below(0x10000);

		len = build(tcp, rows[_i].flags, opts, n, payload, pseudo);
		memcpy(want, tcp, len);
		if (rows[_i].after) {
			memcpy(want + sizeof(struct tcp_hdr), after, n);
			seal(want, len, pseudo);
		}
		check(rows[_i].name, tcp, len, rows[_i].most, want);
	}
}
END_TEST

/* A header length beyond the segment, or below the minimum header. */
START_TEST(data_offset)
{
	static const uint8_t opts[] = {2, 4, 0xff, 0xff};
	uint8_t tcp[100], want[100];
	size_t len;

	for (unsigned doff = 0; doff < 16; doff++) {
		for (size_t payload = 0; payload < 44; payload++) {
			len = build(tcp, SYN, opts, sizeof(opts), payload, 77);
			memset(tcp + 24, 1, len - 24);
			tcp[offsetof(struct tcp_hdr, doff)] = (uint8_t)(doff << 4 | 0xf);
			seal(tcp, len, 77);
			memcpy(want, tcp, len);
			if (doff >= 6 && doff * 4 <= len) {
				put16(want + 22, 1400);
				seal(want, len, 77);
			}
			check("data offset", tcp, len, 1400, want);
		}
	}
}
END_TEST

START_TEST(cut_anywhere)
{
	static const uint8_t opts[] = {1, 2, 4, 0xff, 0xff, 0, 0, 0};
	uint8_t tcp[100];
	size_t len = build(tcp, SYN, opts, sizeof(opts), 0, 5);

	for (size_t cut = 0; cut < len; cut++)
		check("cut", tcp, cut, 1400, tcp);
}
END_TEST

/* All MSS values, at both alignments. */
START_TEST(every_value)
{
	const size_t at = sizeof(struct tcp_hdr) + 2 + (size_t)_i;
	uint8_t tcp[40], want[40];

	for (unsigned mss = 0; mss < 0x10000; mss++) {
		uint8_t opts[8] = {1, 1, 1, 1, 1, 1, 1, 1};
		size_t len;

		opts[_i] = 2;
		opts[_i + 1] = 4;
		put16(opts + _i + 2, mss);
		len = build(tcp, SYN, opts, sizeof(opts), 0, mss);
		memcpy(want, tcp, len);
		if (mss > 1220) {
			put16(want + at, 1220);
			seal(want, len, mss);
		}
		check("value", tcp, len, 1220, want);
	}
}
END_TEST

/* A partial checksum that is completed after the clamp is correct, at every position of the
 * option. */
START_TEST(complete_later)
{
	uint8_t tcp[40], opts[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	uint8_t *csum = tcp + offsetof(struct tcp_hdr, csum);
	size_t len;

	opts[_i] = 2;
	opts[_i + 1] = 4;
	put16(opts + _i + 2, 1460);
	for (unsigned pseudo = 1; pseudo < 0x10000; pseudo += 257) {
		len = build(tcp, SYN, opts, sizeof(opts), 5, 0);
		put16(csum, pseudo);
		mss_clamp(tcp, len, 1220, true);
		ck_assert_msg(get16(tcp + sizeof(struct tcp_hdr) + _i + 2) == 1220, "not clamped");
		put16(csum, ~craft_sum(0, tcp, len) & 0xffff);
		ck_assert_msg(craft_sum(pseudo, tcp, len) == 0xffff, "pseudo-header %u", pseudo);
	}
}
END_TEST

/* A slow, simple parser: returns the offset of the MSS in the N bytes at O, or 0. */
static size_t find_slowly(const uint8_t *o, size_t n)
{
	size_t i = 0;

	while (i < n && o[i] != 0) {
		size_t len = o[i] == 1 ? 1 : i + 1 < n ? o[i + 1] : 0;

		if (len == 0 || (o[i] != 1 && len < 2) || i + len > n)
			return 0;
		if (o[i] == 2)
			return len == 4 ? i + 2 : 0;
		i += len;
	}
	return 0;
}

START_TEST(random_options)
{
	static const uint8_t liked[] = {0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 8, 10, 34};
	unsigned clamped = 0;

	for (int round = 0; round < 200000; round++) {
		uint8_t opts[40], tcp[100], want[100];
		size_t n = random_below(11) * 4, len, at;
		unsigned most = 536 + random_below(1000), pseudo = random_below(0x10000);

		for (size_t i = 0; i < n; i++)
			opts[i] = random_below(6) ? liked[random_below(sizeof(liked))]
						  : (uint8_t)random_next();
		len = build(tcp, SYN, opts, n, random_below(10), pseudo);
		memcpy(want, tcp, len);
		at = find_slowly(opts, n);
		if (at && get16(opts + at) > most) {
			put16(want + sizeof(struct tcp_hdr) + at, most);
			seal(want, len, pseudo);
			clamped++;
		}
		check("random", tcp, len, most, want);
	}
	ck_assert_uint_gt(clamped, 2000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mss");
	TCase *t = tcase_create("mss");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, options, 0, ROWS(rows));
	tcase_add_test(t, data_offset);
	tcase_add_test(t, cut_anywhere);
	tcase_add_loop_test(t, every_value, 0, 5);
	tcase_add_loop_test(t, complete_later, 0, 5);
	tcase_add_test(t, random_options);
	suite_add_tcase(s, t);
	return run_suite(s);
}
