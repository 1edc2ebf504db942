/* fastpath_shot - generates packets by kind: a valid one of each protocol, and modifications of it.
 */
#include "fastpath_shot.h"

#include <string.h>

#include "lib/wire.h"
#include "support/generate_impl.h"

#define HEAD4  20
#define HEAD6  40
#define L4_MIN 14 /* the kernel requires 14 bytes after the IP header */
#define SYN    0x02
#define CWR    0x80

/* --- random choices -------------------------------------------------------------------------- */

static void fill(uint8_t *p, size_t n)
{
	static uint8_t pool[2 * SHOT_MAX];

	if (!pool[0] && !pool[1])
		generate_fill(pool, sizeof(pool));
	memcpy(p, pool + generate_below(SHOT_MAX), n);
	if (n >= 4)
		generate_fill(p + n - 4, 4);
}

static unsigned some(unsigned least, unsigned most)
{
	return least + generate_below(most - least + 1);
}

/* Returns a random number of bytes for L4 header and payload: mostly small, often near a threshold.
 */
static size_t pick_l4(const struct shot *s)
{
	const unsigned edges[] = {s->pair->told.most, s->pair->told.most_free, 1240, 1260};
	unsigned what = generate_below(100), n;

	if (what < 50)
		return some(L4_MIN, 120);
	n = what < 90 ? PICK(edges) + 2 - generate_below(5) : some(L4_MIN, 1600);
	return n > SHOT_MAX - HEAD6 ? some(L4_MIN, SHOT_MAX - HEAD6) : n;
}

/* --- a valid packet -------------------------------------------------------------------------- */

static size_t l4_len(const struct shot *s)
{
	return s->len - s->head;
}

static uint8_t *l4_of(struct shot *s)
{
	return s->b + s->head;
}

static void put_tcp(struct shot *s)
{
	uint8_t *tcp = l4_of(s);
	size_t most;

	if (s->len < s->head + 20)
		s->len = s->head + 20;
	most = l4_len(s) / 4;
	tcp[12] = (uint8_t)(some(5, most < 15 ? (unsigned)most : 15) << 4);
	if (generate_below(10))
		tcp[13] &= (uint8_t)~SYN;
}

static void put_udp(struct shot *s)
{
	put16(l4_of(s) + 4, (unsigned)l4_len(s));
}

static void put_echo(struct shot *s)
{
	uint8_t *icmp = l4_of(s);
	bool request = percent(50);

	s->len = s->head + some(L4_MIN, 160) / 4 * 4;
	if (l4_len(s) < L4_MIN)
		s->len += 4;
	icmp[0] = s->proto == 1 ? (request ? 8 : 0) : request ? 128 : 129;
	icmp[1] = (uint8_t)(percent(90) ? 0 : generate_next());
}

static void put_l4(struct shot *s)
{
	if (s->proto == 6)
		put_tcp(s);
	else if (s->proto == 17)
		put_udp(s);
	else
		put_echo(s);
}

static void put_head4(struct shot *s)
{
	uint8_t *p = s->b;

	p[0] = 0x45;
	put16(p + 6, percent(50) ? 0x4000 : 0);
	p[8] = (uint8_t)some(2, 255);
	p[9] = s->proto;
	memcpy(p + 12, &s->pair->v4, 8);
}

static void put_head6(struct shot *s)
{
	uint8_t *p = s->b;

	p[0] = (uint8_t)(0x60 | (p[0] & 0xf));
	p[6] = s->proto;
	p[7] = (uint8_t)some(2, 255);
	memcpy(p + 8, &s->pair->v6, 32);
}

static void put_len(struct shot *s, size_t len)
{
	if (s->pair->family == 4)
		put16(s->b + 2, (unsigned)len);
	else
		put16(s->b + 4, (unsigned)(len - HEAD6));
}

/* --- checksums ------------------------------------------------------------------------------- */

static void seal_head(struct shot *s)
{
	if (s->pair->family != 4)
		return;
	put16(s->b + 10, 0);
	put16(s->b + 10, model_checksum(model_sum(s->b, s->head)));
}

static size_t csum_at(uint8_t proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : 2;
}

static unsigned long pseudo(const struct shot *s)
{
	const uint8_t *addrs = s->b + (s->pair->family == 4 ? 12 : 8);

	if (s->proto == 1)
		return 0;
	return model_sum(addrs, s->pair->family == 4 ? 8 : 32) + l4_len(s) + s->proto;
}

/* The checksum of a GSO packet contains only its pseudo-header. */
static void seal_l4(struct shot *s)
{
	uint8_t *at = l4_of(s) + csum_at(s->proto);
	unsigned csum;

	put16(at, 0);
	if (s->seg) {
		put16(at, (uint16_t)~model_checksum(pseudo(s)));
		return;
	}
	csum = model_checksum(pseudo(s) + model_sum(l4_of(s), l4_len(s)));
	put16(at, s->proto == 17 && csum == 0 ? 0xffff : csum);
}

/* --- kinds: modified before the checksums are set -------------------------------------------- */

static void hop_two(struct shot *s)
{
	s->b[s->pair->family == 4 ? 8 : 7] = 2;
}

static void hop_low(struct shot *s)
{
	s->b[s->pair->family == 4 ? 8 : 7] = (uint8_t)generate_below(2);
}

static void set_df(struct shot *s)
{
	put16(s->b + 6, 0x4000);
}

static void clear_df(struct shot *s)
{
	put16(s->b + 6, 0);
}

static void set_reserved(struct shot *s)
{
	s->b[6] |= 0x80;
}

static void fragment4(struct shot *s)
{
	put16(s->b + 6, percent(50) ? 0x2000 | generate_below(100) : 1 + generate_below(100));
}

/* Turns the first N bytes of the payload into an additional header. */
static void put_between(struct shot *s, size_t n)
{
	if (s->len + n > SHOT_MAX)
		s->len = SHOT_MAX - n;
	memmove(s->b + s->head + n, s->b + s->head, s->len - s->head);
	generate_fill(s->b + s->head, n);
	s->len += n;
	put_len(s, s->len);
}

static void options4(struct shot *s)
{
	size_t n = 4 * some(1, 10);

	put_between(s, n);
	memset(s->b + HEAD4, 1, n);
	s->b[0] = (uint8_t)(0x45 + n / 4);
	s->head += n;
}

static void extension6(struct shot *s)
{
	static const uint8_t kinds[] = {0, 43, 60};

	put_between(s, 8);
	s->b[6] = PICK(kinds);
	s->b[HEAD6] = s->proto;
	s->b[HEAD6 + 1] = 0;
	s->b[HEAD6 + 3] = 0;
}

static void fragment6(struct shot *s)
{
	put_between(s, 8);
	s->b[6] = 44;
	s->b[HEAD6] = s->proto;
	put16(s->b + HEAD6 + 2, percent(50) ? generate_next() & 0xfff9u : 0);
}

static void resize(struct shot *s, size_t l4)
{
	size_t least = s->proto == 6 ? (size_t)(l4_of(s)[12] >> 4) * 4 : L4_MIN;

	if (l4 < least)
		l4 = least;
	if (l4 > SHOT_MAX - s->head)
		l4 = SHOT_MAX - s->head;
	if (s->head + l4 > s->len)
		fill(s->b + s->len, s->head + l4 - s->len);
	s->len = s->head + l4;
	put_len(s, s->len);
	if (s->proto == 17)
		put_udp(s);
}

static void leave_room(struct shot *s)
{
	if (l4_len(s) > 3000)
		resize(s, 3000);
}

static void at_edge(struct shot *s)
{
	bool free = s->pair->family == 4 && !(s->b[6] & 0x40);
	unsigned most = free ? s->pair->told.most_free : s->pair->told.most;

	resize(s, most - 1 + generate_below(3));
}

/* Lengths above any smaller MTU, around the maximum for a packet without DF. */
static void at_df_edge(struct shot *s)
{
	resize(s, 1239 + generate_below(4));
}

static void syn(struct shot *s)
{
	l4_of(s)[13] |= SYN;
}

static void echo_long(struct shot *s)
{
	resize(s, some(120, 1000));
}

static void echo_odd(struct shot *s)
{
	resize(s, some(L4_MIN, 60));
}

static void icmp_type(struct shot *s)
{
	uint8_t *type = l4_of(s);

	do
		*type = (uint8_t)generate_next();
	while (*type == 0 || *type == 8 || *type == 128 || *type == 129);
}

/* Uses the type number that an echo has in the other family. */
static void icmp_foreign(struct shot *s)
{
	*l4_of(s) ^= 128;
}

static void icmp_proto(struct shot *s)
{
	s->b[s->pair->family == 4 ? 9 : 6] = s->proto == 1 ? 58 : 1;
}

static void zeros(struct shot *s)
{
	memset(l4_of(s) + 8, percent(50) ? 0 : 0xff, l4_len(s) - 8);
	if (s->proto == 6)
		l4_of(s)[12] = 0x50;
}

static void other_proto(struct shot *s)
{
	static const uint8_t protos[] = {0, 2, 4, 41, 47, 50, 132, 255};

	s->b[s->pair->family == 4 ? 9 : 6] = PICK(protos);
}

/* --- kinds: GSO packets ---------------------------------------------------------------------- */

static size_t header_of(struct shot *s)
{
	return s->proto == 6 ? (size_t)(l4_of(s)[12] >> 4) * 4 : 8;
}

/* Older kernels read a TCP header length after the UDP header, and find 8 bytes if HIGH, the upper
 * half of that byte, is 2. */
static void look_like_tcp(struct shot *s, unsigned high)
{
	l4_of(s)[12] = (uint8_t)((l4_of(s)[12] & 0xf) | high << 4);
}

static void couple(struct shot *s, size_t seg, size_t payload)
{
	size_t most = SHOT_MAX - s->head - header_of(s);

	resize(s, header_of(s) + (payload > most ? most : payload));
	s->seg = (unsigned)seg;
	if (s->proto == 17 && l4_of(s)[12] >> 4 == 2)
		look_like_tcp(s, some(3, 15));
}

static void train(struct shot *s)
{
	unsigned seg = some(1, percent(50) ? 100 : 1240);

	couple(s, seg, 2 * seg + generate_below(6 * seg));
}

/* The first segment has the maximum length, or a byte more or less. */
static void train_at_edge(struct shot *s)
{
	bool free = s->pair->family == 4 && !(s->b[6] & 0x40);
	unsigned most = free ? s->pair->told.most_free : s->pair->told.most;
	unsigned seg = most - (unsigned)header_of(s) + 1 - generate_below(3);

	couple(s, seg, seg + 1 + generate_below(2 * seg));
}

/* Segments that get DF and a last one that does not; or lengths just next to that. */
static void train_mixed(struct shot *s)
{
	unsigned seg = 1241 - (unsigned)header_of(s) + generate_below(percent(50) ? 3 : 200);
	unsigned last = percent(70) ? some(1, 1241 - (unsigned)header_of(s)) : some(1, seg);

	couple(s, seg, seg * some(1, 2) + last);
	if (percent(60))
		l4_of(s)[13] &= (uint8_t) ~(CWR | SYN);
}

static void train_of_one(struct shot *s)
{
	size_t payload = l4_len(s) - header_of(s);

	s->seg = (unsigned)(payload + 1 + generate_below(3));
}

static void train_even(struct shot *s)
{
	unsigned seg = some(1, 600);

	couple(s, seg, (size_t)seg * some(1, 5));
}

static void train_cwr(struct shot *s)
{
	train(s);
	l4_of(s)[13] |= CWR;
}

static void train_offset(struct shot *s)
{
	train(s);
	l4_of(s)[12] = (uint8_t)(some(0, 4) << 4);
}

/* --- kinds: modified after the checksums are set --------------------------------------------- */

static void bad_head(struct shot *s)
{
	put16(s->b + 10, get16(s->b + 10) + 1 + generate_below(0xfffe));
}

static void bad_l4(struct shot *s)
{
	uint8_t *at = l4_of(s) + csum_at(s->proto);
	unsigned csum = get16(at) + 1 + generate_below(0xfffe);

	put16(at, (csum & 0xffff) ? csum : 1);
}

/* Checksums that are or become 0 or 0xffff, or look like partial ones, or are near such values. */
static void corner(struct shot *s)
{
	unsigned diff = (unsigned)get16((const uint8_t *)&s->pair->told.csum), near;
	const unsigned from[] = {0, 0xffff, diff, diff ^ 0xffff,
				 model_checksum(pseudo(s)) ^ 0xffff};

	near = (PICK(from) + 2 - generate_below(5)) & 0xffff;
	put16(l4_of(s) + csum_at(s->proto), near || s->proto != 17 ? near : 0xffff);
}

static void train_echo(struct shot *s)
{
	s->seg = some(1, 200);
}

static void no_csum(struct shot *s)
{
	put16(l4_of(s) + 6, 0);
}

static void trailing(struct shot *s)
{
	s->len += some(1, 40);
}

static void truncated(struct shot *s)
{
	s->len -= some(1, 20);
}

static void length_lies(struct shot *s)
{
	put_len(s, percent(50) ? s->len - some(1, 14) : s->len + some(1, 40));
	seal_head(s);
}

static void length_wild(struct shot *s)
{
	unsigned was = get16(s->b + (s->pair->family == 4 ? 2 : 4)), is;

	do
		is = percent(50) ? generate_below(60) : generate_next() & 0xffff;
	while (is == was);
	put16(s->b + (s->pair->family == 4 ? 2 : 4), is);
	seal_head(s);
}

static void udp_lies(struct shot *s)
{
	unsigned is;

	do
		is = percent(50) ? some(0, 20) : (unsigned)l4_len(s) - 20 + generate_below(40);
	while (is == l4_len(s));
	put16(l4_of(s) + 4, is);
}

static void offset_lies(struct shot *s)
{
	l4_of(s)[12] = (uint8_t)generate_next();
}

static void version_lies(struct shot *s)
{
	s->b[0] = (uint8_t)((s->b[0] & 0xf) | (generate_next() & 0xf0));
	if (s->b[0] >> 4 == s->pair->family)
		s->b[0] ^= 0x30;
	seal_head(s);
}

static void wire_lies(struct shot *s)
{
	s->wire += percent(50) ? 1 + generate_below(200) : 0;
	if (s->wire > s->len && percent(50))
		s->wire = (uint32_t)s->len;
	else
		s->wire++;
}

static void as_tunnel(struct shot *s)
{
	look_like_tcp(s, 2);
}

/* Flips a random bit; in half of the cases corrects the checksums. */
static void broken(struct shot *s)
{
	size_t at = generate_below((uint32_t)(percent(70) ? s->head : s->len < 80 ? s->len : 80));

	if (at == 12 || at == 13)
		return;
	s->b[at] ^= (uint8_t)(1u << generate_below(8));
	if (percent(50) && s->pair->family == 4)
		seal_head(s);
	if (percent(50))
		seal_l4(s);
}

const struct shot_kind shot_kinds[] = {
	{"TCP", 6, false, 0, SHOT_ALL, NULL, NULL},
	{"UDP", 17, false, 0, SHOT_ALL, NULL, NULL},
	{"echo", 1, false, 0, SHOT_SOME, NULL, NULL},
	{"TCP, two hops left", 6, false, 0, SHOT_ALL, hop_two, NULL},
	{"UDP, two hops left", 17, false, 0, SHOT_ALL, hop_two, NULL},
	{"TCP, one hop left", 6, false, 0, SHOT_NEVER, hop_low, NULL},
	{"echo, one hop left", 1, false, 0, SHOT_NEVER, hop_low, NULL},
	{"TCP, DF", 6, false, 4, SHOT_ALL, set_df, NULL},
	{"UDP, no DF", 17, false, 4, SHOT_ALL, clear_df, NULL},
	{"TCP, maximum length", 6, false, 0, SHOT_ALL, at_edge, NULL},
	{"UDP, maximum length", 17, false, 0, SHOT_ALL, at_edge, NULL},
	{"TCP, around the maximum without DF", 6, false, 6, SHOT_ALL, at_df_edge, NULL},
	{"TCP, SYN", 6, false, 0, SHOT_SOME, syn, NULL},
	{"TCP, all bits 0 or 1", 6, false, 0, SHOT_ALL, zeros, NULL},
	{"UDP, all bits 0 or 1", 17, false, 0, SHOT_ALL, zeros, NULL},
	{"echo, all bits 0 or 1", 1, false, 0, SHOT_SOME, zeros, NULL},
	{"TCP, bad checksum", 6, false, 0, SHOT_ALL, NULL, bad_l4},
	{"UDP, bad checksum", 17, false, 0, SHOT_ALL, NULL, bad_l4},
	{"echo, bad checksum", 1, false, 0, SHOT_NEVER, NULL, bad_l4},
	{"TCP, extreme checksum", 6, false, 0, SHOT_ALL, NULL, corner},
	{"UDP, extreme checksum", 17, false, 0, SHOT_ALL, NULL, corner},
	{"UDP, no checksum", 17, false, 0, SHOT_NEVER, NULL, no_csum},
	{"TCP, bad header checksum", 6, false, 4, SHOT_NEVER, NULL, bad_head},
	{"TCP, data offset of any kind", 6, false, 0, SHOT_SOME, NULL, offset_lies},
	{"UDP, other length", 17, false, 0, SHOT_NEVER, NULL, udp_lies},
	{"echo, long", 1, false, 0, SHOT_MAY, echo_long, NULL},
	{"echo, odd length", 1, false, 0, SHOT_SOME, echo_odd, NULL},
	{"ICMP of other types", 1, false, 0, SHOT_NEVER, icmp_type, NULL},
	{"ICMP, type of the other family", 1, false, 0, SHOT_NEVER, icmp_foreign, NULL},
	{"ICMP, number of the other family", 1, false, 0, SHOT_NEVER, icmp_proto, NULL},
	{"another protocol", 6, false, 0, SHOT_NEVER, other_proto, NULL},
	{"options", 6, false, 4, SHOT_NEVER, options4, NULL},
	{"reserved flag", 6, false, 4, SHOT_NEVER, set_reserved, NULL},
	{"fragment", 17, false, 4, SHOT_NEVER, fragment4, NULL},
	{"extension header", 6, false, 6, SHOT_NEVER, extension6, NULL},
	{"fragment header", 17, false, 6, SHOT_NEVER, fragment6, NULL},
	{"bytes after the end", 17, false, 0, SHOT_NEVER, leave_room, trailing},
	{"bytes missing", 6, false, 0, SHOT_NEVER, NULL, truncated},
	{"wrong length field", 6, false, 0, SHOT_NEVER, NULL, length_lies},
	{"random length field", 17, false, 0, SHOT_NEVER, NULL, length_wild},
	{"wrong version field", 17, false, 0, SHOT_NEVER, NULL, version_lies},
	{"TCP, a bit changed", 6, false, 0, SHOT_SOME, NULL, broken},
	{"UDP, a bit changed", 17, false, 0, SHOT_SOME, NULL, broken},
	{"echo, a bit changed", 1, false, 0, SHOT_MAY, NULL, broken},
	{"TCP GSO", 6, true, 0, SHOT_ALL, train, NULL},
	{"UDP GSO", 17, true, 0, SHOT_ALL, train, NULL},
	{"TCP GSO, maximum length", 6, true, 0, SHOT_SOME, train_at_edge, NULL},
	{"UDP GSO, maximum length", 17, true, 0, SHOT_SOME, train_at_edge, NULL},
	{"TCP GSO, the last without DF", 6, true, 6, SHOT_SOME, train_mixed, NULL},
	{"UDP GSO, the last without DF", 17, true, 6, SHOT_MAY, train_mixed, NULL},
	{"TCP GSO, segments of one length", 6, true, 0, SHOT_ALL, train_even, NULL},
	{"UDP GSO, segments of one length", 17, true, 0, SHOT_ALL, train_even, NULL},
	{"TCP GSO, one segment", 6, true, 0, SHOT_ALL, train_of_one, NULL},
	{"UDP GSO, one segment", 17, true, 0, SHOT_ALL, train_of_one, NULL},
	{"TCP GSO, CWR", 6, true, 0, SHOT_SOME, train_cwr, NULL},
	{"TCP GSO, bad data offset", 6, true, 0, SHOT_NEVER, train_offset, NULL},
	{"TCP GSO, one hop left", 6, true, 0, SHOT_NEVER, train, hop_low},
	{"UDP GSO inside a tunnel", 17, true, 0, SHOT_NEVER, train, wire_lies},
	{"UDP GSO, possibly of a tunnel", 17, true, 0, SHOT_NEVER, train, as_tunnel},
	{"one UDP segment, possibly of a tunnel", 17, true, 0, SHOT_ALL, train_of_one, as_tunnel},
	{"UDP GSO, complete checksum", 17, true, 0, SHOT_NEVER, train, bad_l4},
	{"UDP GSO, no checksum", 17, true, 0, SHOT_NEVER, train, no_csum},
	{"UDP GSO, a bit changed", 17, true, 0, SHOT_MAY, train, broken},
	{"TCP GSO, a bit changed", 6, true, 0, SHOT_MAY, train, broken},
	{"echo GSO", 1, true, 0, SHOT_NEVER, NULL, train_echo},
};
const unsigned shot_kinds_n = sizeof(shot_kinds) / sizeof(*shot_kinds);

/* --- all kinds ------------------------------------------------------------------------------- */

/* Includes the headers of all segments. */
static void count_wire(struct shot *s)
{
	size_t header = s->head + header_of(s), payload = s->len - header;

	s->wire = (uint32_t)s->len;
	if (s->seg && s->len > header && payload > s->seg)
		s->wire += (uint32_t)((payload - 1) / s->seg * header);
}

bool shot_make(struct shot *s, const struct shot_kind *k, const struct shot_pair *pair)
{
	if (k->families && k->families != pair->family)
		return false;
	s->pair = pair;
	s->head = pair->family == 4 ? HEAD4 : HEAD6;
	s->proto = k->proto == 1 && pair->family == 6 ? 58 : (uint8_t)k->proto;
	s->seg = 0;
	s->len = s->head + pick_l4(s);
	fill(s->b, s->len);
	put_l4(s);
	if (pair->family == 4)
		put_head4(s);
	else
		put_head6(s);
	put_len(s, s->len);
	if (k->change)
		k->change(s);
	count_wire(s);
	seal_head(s);
	if (s->b[pair->family == 4 ? 9 : 6] == s->proto)
		seal_l4(s);
	if (k->spoil)
		k->spoil(s);
	return s->wire <= 65536;
}

/* --- packets of the generator ---------------------------------------------------------------- */

/* Returns the offset of the L4 checksum that depends on addresses in P, a complete packet without
 * options, extension headers or fragmentation; 0 if there is none. */
static size_t dependent(const uint8_t *p, size_t len)
{
	bool four = p[0] >> 4 == 4;
	size_t head = four ? HEAD4 : HEAD6;
	uint8_t proto = p[four ? 9 : 6];

	if (len < head + 20 || (four && (p[0] != 0x45 || (get16(p + 6) & 0x3fff))))
		return 0;
	if (proto == 6 || (proto == 17 && get16(p + head + 6)) || (!four && proto == 58))
		return head + csum_at(proto);
	return 0;
}

static void adjust(uint8_t *at, unsigned long was, unsigned long is)
{
	put16(at, model_adjust(get16(at), was, is));
}

static void exchange(uint8_t *p, size_t len, size_t at, const void *to, size_t n)
{
	unsigned long was = model_sum(p + at, n), is = model_sum(to, n);
	size_t csum = dependent(p, len);

	memcpy(p + at, to, n);
	if (csum)
		adjust(p + csum, was, is);
	if (p[0] >> 4 == 4)
		adjust(p + 10, was, is);
}

void shot_shape(uint8_t *p, size_t len)
{
	static const uint8_t six[] = {0x86, 0xdd}, four[] = {0x08, 0x00};

	if (len >= HEAD4)
		exchange(p, len, 12, p[0] >> 4 == 6 ? six : four, 2);
}

void shot_readdress(uint8_t *p, size_t len, const struct shot_pair *pair)
{
	if (pair->family == 4 && len >= HEAD4)
		exchange(p, len, 12, &pair->v4, 8);
	else if (pair->family == 6 && len >= HEAD6)
		exchange(p, len, 8, &pair->v6, 32);
}
