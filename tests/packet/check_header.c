/* check_header - compares written headers byte for byte. */
#include "packet/header.h"
#include "support/craft.h"
#include "support/run.h"
#include "lib/wire.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	struct header4 h;
	uint8_t bytes[20]; /* without the checksum */
} rows4[] = {
	{"791-3.1 all zero", {0}, {0x45}},
	{"791-3.1 every field its own value",
	 {.tos = 0xb8,
	  .ttl = 63,
	  .proto = 17,
	  .len = 0x1234,
	  .id = 0xabcd,
	  .frag = 0x4000,
	  .src = 0xc0000201,
	  .dst = 0xc6336407},
	 {0x45, 0xb8, 0x12, 0x34, 0xab, 0xcd, 0x40, 0,  63,  17,
	  0,    0,    192,  0,    2,    1,    198,  51, 100, 7}},
	{"791-3.1 fragment",
	 {.len = 20, .frag = 0x2000 | 185, .ttl = 1},
	 {0x45, 0, 0, 20, 0, 0, 0x20, 0xb9, 1}},
	{"791-3.1 all ones",
	 {0xff, 0xff, 0xff, 0xffff, 0xffff, 0xffff, 0xffffffff, 0xffffffff},
	 {0x45, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

START_TEST(header4)
{
	uint8_t want[20], got[24];

	memset(got, 0xa5, sizeof(got));
	header_put4(got + 1, &rows4[_i].h);
	memcpy(want, rows4[_i].bytes, 20);
	craft_seal4(want);
	ck_assert_msg(memcmp(got + 1, want, 20) == 0, "%s", rows4[_i].name);
	ck_assert_msg(craft_sum(0, got + 1, 20) == 0xffff, "%s: checksum", rows4[_i].name);
	ck_assert_msg(got[0] == 0xa5 && got[21] == 0xa5, "%s: wrote beside", rows4[_i].name);
}
END_TEST

/* All Identifications; one of them gives checksum 0. */
START_TEST(header4_checksum)
{
	struct header4 h = rows4[1].h;
	uint8_t got[20];
	unsigned id;

	for (id = 0; id < 65536; id++) {
		h.id = (uint16_t)id;
		header_put4(got, &h);
		ck_assert_msg(craft_sum(0, got, 20) == 0xffff, "1071 identification %u", id);
	}
}
END_TEST

START_TEST(header6)
{
	struct ip6 a = {{0x20, 1, 0x0d, 0xb8, [15] = 1}}, b = {{0xfe, [15] = 2}};
	static const unsigned tc[] = {0, 1, 0x0f, 0x10, 0xb8, 0xff};
	struct header6 h = {(uint8_t)tc[_i], 63, 58, 0x1234, &a, &b};
	uint8_t got[42];

	memset(got, 0xa5, sizeof(got));
	header_put6(got + 1, &h);
	ck_assert_msg(get32(got + 1) == (6u << 28 | tc[_i] << 20), "8200-3 class %u", tc[_i]);
	ck_assert_uint_eq(get16(got + 5), 0x1234);
	ck_assert_uint_eq(got[7], 58);
	ck_assert_uint_eq(got[8], 63);
	ck_assert_mem_eq(got + 9, &a, 16);
	ck_assert_mem_eq(got + 25, &b, 16);
	ck_assert(got[0] == 0xa5 && got[41] == 0xa5);
}
END_TEST

static const struct {
	const char *name;
	unsigned next, off;
	bool mf;
	unsigned id;
	uint8_t bytes[8];
} frag_rows[] = {
	{"8200-4.5 first", 17, 0, true, 0x12345678, {17, 0, 0, 1, 0x12, 0x34, 0x56, 0x78}},
	{"8200-4.5 middle", 6, 1480, true, 7, {6, 0, 0x05, 0xc9, 0, 0, 0, 7}},
	{"8200-4.5 last", 50, 1480, false, 7, {50, 0, 0x05, 0xc8, 0, 0, 0, 7}},
	{"8200-4.5 farthest",
	 50,
	 65528,
	 false,
	 0xffffffff,
	 {50, 0, 0xff, 0xf8, 255, 255, 255, 255}},
};

START_TEST(header_frag)
{
	uint8_t got[10];

	memset(got, 0xa5, sizeof(got));
	header_put_frag(got + 1, (uint8_t)frag_rows[_i].next, frag_rows[_i].off, frag_rows[_i].mf,
			frag_rows[_i].id);
	ck_assert_msg(memcmp(got + 1, frag_rows[_i].bytes, 8) == 0, "%s", frag_rows[_i].name);
	ck_assert(got[0] == 0xa5 && got[9] == 0xa5);
}
END_TEST

START_TEST(header_len)
{
	static const uint8_t options[8] = {1, 1, 1, 1, 1, 1, 1, 0};
	struct ip6 any = {{0x20}};
	uint8_t four[28], six[40], kept[40];

	header_put4(four, &(struct header4){.ttl = 64, .proto = 6, .len = 9999});
	four[0] = 0x47;
	memcpy(four + 20, options, sizeof(options));
	header_put_len(four, 1234);
	ck_assert_uint_eq(get16(four + 2), 1234);
	ck_assert_msg(craft_sum(0, four, 28) == 0xffff, "791-3.1: the checksum covers options");

	header_put6(six, &(struct header6){.src = &any, .dst = &any});
	memcpy(kept, six, 40);
	header_put_len(six, 1280);
	put16(kept + 4, 1240);
	ck_assert_mem_eq(six, kept, 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("header");
	TCase *c = tcase_create("header");

	tcase_add_loop_test(c, header4, 0, ROWS(rows4));
	tcase_add_test(c, header4_checksum);
	tcase_add_loop_test(c, header6, 0, 6);
	tcase_add_loop_test(c, header_frag, 0, ROWS(frag_rows));
	tcase_add_test(c, header_len);
	suite_add_tcase(s, c);
	return run_suite(s);
}
