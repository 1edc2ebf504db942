/* check_nodeid - the object that names a router [draft-ietf-intarea-extended-icmp-nodeid-3], alone
 * and after other objects [4884-7, 8]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/craft.h"
#include "packet/nodeid.h"
#include "support/random.h"
#include "support/run.h"

#define HEAD   4u
#define OBJECT 24u
#define ROOM   420u /* bytes left in a message of 576 bytes after a quote of 128 */

static const struct ip6 router = {
	{0x20, 0x01, 0x0d, 0xb8, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8}};

/* The object as in the draft: length 24, class 5, C-Type with bit 5 set, AFI 2, two reserved bytes,
 * the address. */
static const uint8_t object[OBJECT] = {0,    24,   5,    0x04, 0, 2, 0, 0, 0x20, 0x01, 0x0d, 0xb8,
				       0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5,    6,    7,    8};

enum seal {
	SEALED,
	BAD,
	NONE
};

/* Rows: an extension structure in hexadecimal, its checksum, and whether it is kept. */
static const struct {
	const char *name, *ext;
	enum seal seal;
	bool kept;
} rows[] = {
	{"none", "", NONE, false},
	{"a header without objects", "20000000", SEALED, true},
	{"a header without objects or checksum", "20000000", NONE, true},
	{"one object", "20000000 00080101 11223344", SEALED, true},
	{"one object, no checksum", "20000000 00080101 11223344", NONE, true},
	{"one object without payload", "20000000 00040101", SEALED, true},
	{"MPLS label stack of three [4950]", "20000000 00100101 00010101 00020101 00030101", SEALED,
	 true},
	{"three objects", "20000000 00080101 11223344 00040203 000c0204 01020304 05060708", SEALED,
	 true},
	{"another node identification",
	 "20000000 00180504 00020000 20010db8 00000000 00000000 "
	 "00000001",
	 SEALED, true},
	{"reserved bits are no mistake", "2fff0000 00080101 11223344", SEALED, true},
	{"wrong checksum", "20000000 00080101 11223344", BAD, false},
	{"wrong checksum, no object", "20000000", BAD, false},
	{"version 0", "00000000 00080101 11223344", SEALED, false},
	{"version 1", "10000000 00080101 11223344", SEALED, false},
	{"version 3", "30000000 00080101 11223344", SEALED, false},
	{"zeros", "00000000 00000000", NONE, false},
	{"one byte", "20", NONE, false},
	{"three bytes", "200000", NONE, false},
	{"half a word behind the header", "20000000 0008", SEALED, false},
	{"an object cut short", "20000000 000c0101 11223344", SEALED, false},
	{"an object cut short by a byte", "20000000 00080101 112233", SEALED, false},
	{"an object of length 0", "20000000 00000101 11223344", SEALED, false},
	{"an object of length 3", "20000000 00030101", SEALED, false},
	{"an object of 5 bytes", "20000000 00050101 11000000", SEALED, false},
	{"an object of 6 bytes, to the end", "20000000 00060101 1122", SEALED, false},
	{"the second object cut short", "20000000 00080101 11223344 00080101", SEALED, false},
	{"bytes behind the last object", "20000000 00080101 11223344 00000000", SEALED, false},
	{"an object of 65535 bytes", "20000000 ffff0101 11223344", SEALED, false},
};

static size_t parse(uint8_t *to, const char *text)
{
	size_t n = 0;
	unsigned v;

	for (; *text; text += *text == ' ' ? 1 : 2)
		if (*text != ' ' && sscanf(text, "%2x", &v) == 1)
			to[n++] = (uint8_t)v;
	return n;
}

static void seal(uint8_t *ext, size_t len, enum seal how)
{
	unsigned sum;

	if (len < HEAD)
		return;
	put16(ext + 2, 0);
	sum = ~craft_sum(0, ext, len) & 0xffff;
	if (how != NONE)
		put16(ext + 2, how == BAD ? sum ^ 0x100 : sum);
}

/* Appends to the LEN bytes at EXT within SIZE bytes, and checks the result.  KEPT: the existing
 * objects must remain. */
static void check(const char *name, const uint8_t *ext, size_t len, size_t size, bool kept)
{
	size_t before = kept ? len : HEAD, n;
	uint8_t *in = malloc(len + 1), *out = malloc(size);

	ck_assert(in && out);
	if (len)
		memcpy(in, ext, len);
	in = realloc(in, len ? len
			     : 1); /* exact size, so that a sanitizer detects an access beyond it */
	n = nodeid_append(out, size, (struct span){len ? in : NULL, len}, &router);
	ck_assert_msg(n == before + OBJECT, "%s: %zu bytes, not %zu", name, n, before + OBJECT);
	ck_assert_msg(n <= size, "%s: %zu bytes in %zu", name, n, size);
	ck_assert_msg(out[0] == 0x20 && out[1] == 0, "%s: version", name);
	ck_assert_msg(craft_sum(0, out, n) == 0xffff, "%s: checksum", name);
	ck_assert_msg(get16(out + 2) != 0, "%s: says that there is no checksum", name);
	ck_assert_msg(!kept || memcmp(out + HEAD, ext + HEAD, len - HEAD) == 0, "%s: objects",
		      name);
	ck_assert_msg(memcmp(out + before, object, OBJECT) == 0, "%s: object", name);
	free(in);
	free(out);
}

START_TEST(structures)
{
	uint8_t ext[100];
	size_t len = parse(ext, rows[_i].ext);

	seal(ext, len, rows[_i].seal);
	check(rows[_i].name, ext, len, ROOM, rows[_i].kept);
}
END_TEST

/* Existing objects are kept while there is room; otherwise only the router's name remains. */
START_TEST(sizes)
{
	uint8_t ext[600] = {0x20};

	for (size_t len = HEAD; len < sizeof(ext); len += 4) {
		if (len > HEAD) {
			put16(ext + HEAD, (unsigned)(len - HEAD));
			put16(ext + HEAD + 2, 0x0101);
			random_fill(ext + HEAD + 4, len - HEAD - 4);
		}
		seal(ext, len, SEALED);
		check("size", ext, len, ROOM, len + OBJECT <= ROOM);
		check("exact size", ext, len, len + OBJECT, true);
		if (len > HEAD)
			check("a byte less", ext, len, len + OBJECT - 1, false);
	}
}
END_TEST

/* The result can be appended to again and again. */
START_TEST(again)
{
	uint8_t a[ROOM], b[ROOM];
	size_t len = nodeid_append(a, sizeof(a), (struct span){NULL, 0}, &router);

	while (len + OBJECT <= ROOM) {
		check("again", a, len, ROOM, true);
		len = nodeid_append(b, sizeof(b), (struct span){a, len}, &router);
		memcpy(a, b, len);
	}
	ck_assert_uint_gt(len, ROOM - OBJECT);
}
END_TEST

/* Every sum occurs, also the one with checksum zero. */
START_TEST(every_checksum)
{
	struct ip6 node = router;

	for (unsigned v = 0; v < 0x10000; v++) {
		uint8_t out[HEAD + OBJECT];

		put16(node.b + 14, v);
		if (nodeid_append(out, sizeof(out), (struct span){NULL, 0}, &node) != sizeof(out) ||
		    craft_sum(0, out, sizeof(out)) != 0xffff || get16(out + 2) == 0)
			ck_abort_msg("...%04x: checksum %04x", v, get16(out + 2));
	}
}
END_TEST

START_TEST(random_bytes)
{
	for (int i = 0; i < 200000; i++) {
		uint8_t ext[64], out[HEAD + sizeof(ext) + OBJECT];
		size_t len = random_below(sizeof(ext)), n;

		random_fill(ext, len);
		if (len)
			ext[0] = (uint8_t)(0x20 | random_below(16));
		if (random_below(2))
			seal(ext, len, random_below(2) ? SEALED : NONE);
		n = nodeid_append(out, sizeof(out), (struct span){ext, len}, &router);
		if ((n != HEAD + OBJECT && n != len + OBJECT) || craft_sum(0, out, n) != 0xffff ||
		    memcmp(out + n - OBJECT, object, OBJECT) != 0)
			ck_abort_msg("round %d: %zu bytes become %zu", i, len, n);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nodeid");
	TCase *t = tcase_create("nodeid");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, structures, 0, ROWS(rows));
	tcase_add_test(t, sizes);
	tcase_add_test(t, again);
	tcase_add_test(t, every_checksum);
	tcase_add_test(t, random_bytes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
