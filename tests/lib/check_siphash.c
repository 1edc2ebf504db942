/* check_siphash - the published vectors of SipHash-2-4, and a test that every bit of key and text
 * matters. */
#include "support/random.h"
#include "support/run.h"
#include "lib/siphash.h"

static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* The authors' vectors: key 00..0f, text 00 01 ... of LEN bytes. */
static const struct {
	size_t len;
	uint64_t hash;
} rows[] = {
	{0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
	{3, 0x85676696d7fb7e2d},  {4, 0xcf2794e0277187b7},  {5, 0x18765564cd99a68d},
	{6, 0xcbc9466e58fee3ce},  {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
	{15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
};

START_TEST(vector)
{
	uint8_t text[64];

	for (uint8_t i = 0; i < sizeof(text); i++)
		text[i] = i;
	ck_assert_msg(siphash(&key, text, rows[_i].len) == rows[_i].hash, "%zu bytes: %016llx",
		      rows[_i].len, (unsigned long long)siphash(&key, text, rows[_i].len));
}
END_TEST

START_TEST(every_bit_matters)
{
	uint8_t text[18];
	uint64_t hash;

	random_fill(text, sizeof(text));
	hash = siphash(&key, text, sizeof(text));
	for (unsigned i = 0; i < 8 * sizeof(text); i++) {
		text[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(siphash(&key, text, sizeof(text)) != hash, "bit %u of the text", i);
		text[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (unsigned i = 0; i < 128; i++) {
		struct siphash_key other = key;

		*(i < 64 ? &other.k0 : &other.k1) ^= (uint64_t)1 << i % 64;
		ck_assert_msg(siphash(&other, text, sizeof(text)) != hash, "bit %u of the key", i);
	}
}
END_TEST

START_TEST(any_alignment)
{
	uint8_t text[32] = {0};

	for (size_t at = 0; at < 8; at++)
		ck_assert_uint_eq(siphash(&key, text + at, 18), siphash(&key, text, 18));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("siphash");
	TCase *t = tcase_create("siphash");

	tcase_add_loop_test(t, vector, 0, ROWS(rows));
	tcase_add_test(t, every_bit_matters);
	tcase_add_test(t, any_alignment);
	suite_add_tcase(s, t);
	return run_suite(s);
}
