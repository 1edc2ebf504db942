/* check_offload - checks which virtio-net headers are accepted, and how they are interpreted. */
#include "packet/offload.h"

#include <stdio.h>
#include <string.h>

#include "support/random.h"
#include "support/run.h"

#ifdef __has_include
#if __has_include(<linux/virtio_net.h>)
#include <linux/virtio_net.h>
#define HAS_VIRTIO_NET
#endif
#endif

/* HDR: flags, type, header length, segment size, start and offset of the checksum. */
static const struct row {
	const char *name;
	unsigned hdr[6];
	bool understood;
	struct offload o;
	bool twice; /* writing gives HDR again */
} rows[] = {
	{"nothing", {0, 0, 0, 0, 0, 0}, true, {.gso = GSO_NONE}, true},
	{"vouched", {2, 0, 0, 0, 0, 0}, true, {.csum = CSUM_VOUCHED}, true},
	{"vouched: start and offset mean nothing",
	 {2, 0, 9, 9, 40, 16},
	 true,
	 {.csum = CSUM_VOUCHED},
	 false},
	{"partial",
	 {1, 0, 0, 0, 40, 16},
	 true,
	 {.csum = CSUM_PARTIAL, .csum_start = 40, .csum_offset = 16},
	 true},
	{"partial wins over vouched",
	 {3, 0, 0, 0, 20, 6},
	 true,
	 {.csum = CSUM_PARTIAL, .csum_start = 20, .csum_offset = 6},
	 false},
	{"sizes mean nothing without a GSO packet",
	 {0, 0, 60, 1400, 0, 0},
	 true,
	 {.seg = 0},
	 false},
	{"TCP over IPv4",
	 {1, 1, 40, 1460, 20, 16},
	 true,
	 {.csum = CSUM_PARTIAL,
	  .gso = GSO_TCP4,
	  .seg = 1460,
	  .header = 40,
	  .csum_start = 20,
	  .csum_offset = 16},
	 true},
	{"TCP over IPv6",
	 {1, 4, 60, 1440, 40, 16},
	 true,
	 {.csum = CSUM_PARTIAL,
	  .gso = GSO_TCP6,
	  .seg = 1440,
	  .header = 60,
	  .csum_start = 40,
	  .csum_offset = 16},
	 true},
	{"UDP",
	 {1, 5, 28, 1200, 20, 6},
	 true,
	 {.csum = CSUM_PARTIAL,
	  .gso = GSO_UDP,
	  .seg = 1200,
	  .header = 28,
	  .csum_start = 20,
	  .csum_offset = 6},
	 true},
	{"a GSO packet without a partial checksum",
	 {0, 1, 40, 1460, 0, 0},
	 true,
	 {.gso = GSO_TCP4, .seg = 1460, .header = 40},
	 true},
	{"a GSO packet of nothing", {0, 4, 0, 0, 0, 0}, true, {.gso = GSO_TCP6}, true},
	{"3168-6.1.2 ECN of TCP over IPv4",
	 {0, 0x81, 40, 1460, 0, 0},
	 true,
	 {.gso = GSO_TCP4, .ecn = GSO_ECN, .seg = 1460, .header = 40},
	 true},
	{"AccECN of TCP over IPv6",
	 {0, 0x14, 60, 1440, 0, 0},
	 true,
	 {.gso = GSO_TCP6, .ecn = GSO_ACCECN, .seg = 1440, .header = 60},
	 true},
	{"AccECN wins over ECN",
	 {0, 0x94, 60, 1440, 0, 0},
	 true,
	 {.gso = GSO_TCP6, .ecn = GSO_ACCECN, .seg = 1440, .header = 60},
	 false},
	{"ECN without a GSO packet", {0, 0x80, 0, 0, 0, 0}, false, {.gso = 0}, false},
	{"AccECN without a GSO packet", {0, 0x10, 0, 0, 0, 0}, false, {.gso = 0}, false},
	{"ECN of UDP", {1, 0x85, 28, 9, 20, 6}, false, {.gso = 0}, false},
	{"the old UDP fragmentation", {1, 3, 28, 9, 20, 6}, false, {.gso = 0}, false},
	{"a type that nobody has", {1, 2, 28, 9, 20, 6}, false, {.gso = 0}, false},
	{"UDP tunnel over IPv4", {1, 0x21, 28, 9, 20, 6}, false, {.gso = 0}, false},
	{"UDP tunnel over IPv6", {1, 0x41, 28, 9, 20, 6}, false, {.gso = 0}, false},
	{"receive segment coalescing", {4, 0, 0, 3, 0, 0}, false, {.gso = 0}, false},
	{"checksum of a tunnel", {9, 0, 0, 0, 20, 6}, false, {.gso = 0}, false},
	{"a flag that nobody has", {0x81, 0, 0, 0, 20, 6}, false, {.gso = 0}, false},
};

/* In host byte order, at any alignment. */
static uint8_t *pack(uint8_t *at, const unsigned *v)
{
	at[0] = (uint8_t)v[0];
	at[1] = (uint8_t)v[1];
	for (int i = 0; i < 4; i++) {
		uint16_t word = (uint16_t)v[2 + i];

		memcpy(at + 2 + 2 * i, &word, sizeof(word));
	}
	return at;
}

static void compare(const char *name, const struct offload *o, const struct offload *want)
{
	ck_assert_msg(o->csum == want->csum, "%s: checksum %u", name, o->csum);
	ck_assert_msg(o->gso == want->gso && o->ecn == want->ecn, "%s: type %u, ECN %u", name,
		      o->gso, o->ecn);
	ck_assert_msg(o->seg == want->seg && o->header == want->header, "%s: segment %u, header %u",
		      name, o->seg, o->header);
	ck_assert_msg(o->csum_start == want->csum_start && o->csum_offset == want->csum_offset,
		      "%s: sum from %u to %u", name, o->csum_start, o->csum_offset);
}

START_TEST(row)
{
	const struct row *r = &rows[_i];

	for (size_t at = 0; at < 4; at++) {
		uint8_t in[16], out[16];
		struct offload o;

		random_fill(&o, sizeof(o));
		random_fill(out, sizeof(out));
		pack(in + at, r->hdr);
		ck_assert_msg(offload_read(&o, in + at) == r->understood, "%s: %sunderstood",
			      r->name, r->understood ? "not " : "");
		if (!r->understood)
			continue;
		compare(r->name, &o, &r->o);
		offload_write(&o, out + at);
		ck_assert_msg((memcmp(in + at, out + at, OFFLOAD_HDR) == 0) == r->twice,
			      "%s: written", r->name);
	}
}
END_TEST

/* All flags and types: an accepted header is the same after writing and reading, and only requested
 * features are accepted. */
START_TEST(every_type)
{
	unsigned understood = 0;

	for (unsigned i = 0; i < 0x10000; i++) {
		unsigned v[6] = {i & 0xff, i >> 8, 60, 1000, 40, 16};
		uint8_t b[OFFLOAD_HDR], gso = (uint8_t)(v[1] & 0x6f);
		bool known = v[0] < 4 && (gso == 0 || gso == 1 || gso == 4 || gso == 5);
		struct offload o, again;
		char name[40];

		snprintf(name, sizeof(name), "flags %#x, type %#x", v[0], v[1]);
		if ((v[1] & 0x90) && gso != 1 && gso != 4)
			known = false;
		ck_assert_msg(offload_read(&o, pack(b, v)) == known, "%s", name);
		if (!known)
			continue;
		understood++;
		offload_write(&o, b);
		ck_assert_msg(offload_read(&again, b), "%s: written", name);
		compare(name, &again, &o);
	}
	ck_assert_uint_eq(understood, 4 * (2 + 2 * 4));
}
END_TEST

/* Writing keeps all fields that a GSO packet or a partial checksum needs. */
START_TEST(random_fields)
{
	static const uint8_t types[] = {GSO_TCP4, GSO_TCP6, GSO_UDP};

	for (int round = 0; round < 100000; round++) {
		struct offload o = {.csum = (uint8_t)random_below(3)}, again;
		uint8_t b[OFFLOAD_HDR];

		if (random_below(2)) {
			o.gso = types[random_below(3)];
			o.seg = (uint16_t)random_next();
			o.header = (uint16_t)random_next();
		}
		if (o.csum == CSUM_PARTIAL) {
			o.csum_start = (uint16_t)random_next();
			o.csum_offset = (uint16_t)random_next();
		}
		offload_write(&o, b);
		ck_assert(offload_read(&again, b));
		compare("random", &again, &o);
	}
}
END_TEST

/* The kernel rejects a header length beyond the packet, and the received value need not fit the
 * packet that leaves. */
START_TEST(no_header_without_gso)
{
	struct offload o = {.seg = 1000, .header = 60, .ecn = GSO_ECN};
	uint8_t b[OFFLOAD_HDR], zero[OFFLOAD_HDR] = {0};

	offload_write(&o, b);
	ck_assert_mem_eq(b, zero, sizeof(b));
}
END_TEST

START_TEST(kernel_numbers)
{
#ifdef HAS_VIRTIO_NET
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
				   .hdr_len = 1,
				   .gso_size = 2,
				   .csum_start = 3,
				   .csum_offset = 4};
	struct offload o, want = {CSUM_PARTIAL, GSO_TCP6, GSO_ECN, 2, 1, 3, 4};

	ck_assert_uint_eq(sizeof(h), OFFLOAD_HDR);
	ck_assert(offload_read(&o, (const uint8_t *)&h));
	compare("as the kernel's header has it", &o, &want);
	ck_assert_int_eq(VIRTIO_NET_HDR_F_DATA_VALID, 2);
	ck_assert_int_eq(VIRTIO_NET_HDR_GSO_TCPV4, GSO_TCP4);
#ifdef VIRTIO_NET_HDR_GSO_UDP_L4
	ck_assert_int_eq(VIRTIO_NET_HDR_GSO_UDP_L4, GSO_UDP);
#endif
#endif
}
END_TEST

int main(void)
{
	Suite *s = suite_create("offload");
	TCase *t = tcase_create("offload");

	tcase_add_loop_test(t, row, 0, ROWS(rows));
	tcase_add_test(t, every_type);
	tcase_add_test(t, random_fields);
	tcase_add_test(t, no_header_without_gso);
	tcase_add_test(t, kernel_numbers);
	suite_add_tcase(s, t);
	return run_suite(s);
}
