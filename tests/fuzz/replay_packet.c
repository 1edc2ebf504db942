/* replay_packet - the seeds of fuzz_packet: packets, and mutations where they have the most
 * effect. */
#include <string.h>

#include "lib/wire.h"
#include "packet/offload.h"

#include "replay.h"

const unsigned replay_mutations = 4000;

#define TCP   "\x04\xd2\x00\x50\0\0\0\1\0\0\0\0\x50\x02\x20\0\0\1\0\0hello"
#define UDP   "\x04\xd2\x00\x35\x00\x0d\x00\x01hello"
#define ECHO  "\x08\0\0\1\x12\x34\0\1ping"
#define ECHO6 "\x80\0\0\1\x12\x34\0\1ping"
/* The packets that errors quote, each a UDP datagram. */
#define QUOTE4 "\x45\0\0\x21\0\1\0\0\x40\x11\0\0\xc0\xa8\xff\x4d\x08\x08\x08\x08" UDP
#define QUOTE6                                                                   \
	"\x60\0\0\0\0\x0d\x11\x40\0\x64\xff\x9b\0\0\0\0\0\0\0\0\x08\x08\x08\x08" \
	"\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\2" UDP

struct seed {
	const char *name;
	unsigned family;
	uint8_t proto; /* or the first next header */
	uint16_t frag; /* IPv4: flags and offset */
	const char *l4;
	size_t l4_len;
	size_t padding; /* zeros at the end */
	uint8_t gso;    /* for a GSO packet, which has a partial checksum */
	uint16_t seg;
};

#define BYTES(s) s, sizeof(s) - 1

static const struct seed seeds[] = {
	{"tcp4", 4, PROTO_TCP, IP4_DF, BYTES(TCP), 0, 0, 0},
	{"tcp4-large", 4, PROTO_TCP, 0, BYTES(TCP), 1400, 0, 0},
	{"udp4", 4, PROTO_UDP, 0, BYTES(UDP), 0, 0, 0},
	{"udp4-fragment", 4, PROTO_UDP, IP4_MF, BYTES(UDP), 3, 0, 0},
	{"udp4-last-fragment", 4, PROTO_UDP, 100, BYTES(UDP), 0, 0, 0},
	{"ah4-fragment", 4, PROTO_AH, IP4_MF, BYTES(UDP), 3, 0, 0},
	{"echo4", 4, PROTO_ICMP, 0, BYTES(ECHO), 0, 0, 0},
	{"unreachable4", 4, PROTO_ICMP, 0, BYTES("\3\3\0\1\0\0\0\0" QUOTE4), 0, 0, 0},
	{"needfrag4", 4, PROTO_ICMP, 0, BYTES("\3\4\0\1\0\0\5\x14" QUOTE4), 0, 0, 0},
	{"exceeded4-extended", 4, PROTO_ICMP, 0, BYTES("\x0b\0\0\1\0\x20\0\0" QUOTE4), 200, 0, 0},
	{"parameter4", 4, PROTO_ICMP, 0, BYTES("\x0c\0\0\1\x08\0\0\0" QUOTE4), 0, 0, 0},
	{"tcp6", 6, PROTO_TCP, 0, BYTES(TCP), 0, 0, 0},
	{"udp6-large", 6, PROTO_UDP, 0, BYTES(UDP), 1400, 0, 0},
	{"udp6-fragment", 6, PROTO_FRAGMENT, 0, BYTES("\x11\0\0\1\0\1\2\3" UDP), 3, 0, 0},
	{"udp6-atomic", 6, PROTO_FRAGMENT, 0, BYTES("\x11\0\0\0\0\1\2\3" UDP), 0, 0, 0},
	{"udp6-options", 6, PROTO_DSTOPTS, 0, BYTES("\x11\0\1\4\0\0\0\0" UDP), 0, 0, 0},
	{"udp6-routing", 6, PROTO_ROUTING, 0, BYTES("\x11\0\4\1\0\0\0\0" UDP), 0, 0, 0},
	{"echo6", 6, PROTO_ICMPV6, 0, BYTES(ECHO6), 0, 0, 0},
	/* all zeros in IPv4, where the correct checksum is 0xffff but eqn 3 of RFC 1624 gives 0 */
	{"zeros6", 6, PROTO_ICMPV6, 0, BYTES("\x81\0\0\0\0\0\0\0"), 8, 0, 0},
	{"unreachable6", 6, PROTO_ICMPV6, 0, BYTES("\1\4\0\1\0\0\0\0" QUOTE6), 0, 0, 0},
	{"toobig6", 6, PROTO_ICMPV6, 0, BYTES("\2\0\0\1\0\0\5\0" QUOTE6), 0, 0, 0},
	{"exceeded6-extended", 6, PROTO_ICMPV6, 0, BYTES("\3\0\0\1\x10\0\0\0" QUOTE6), 200, 0, 0},
	{"parameter6", 6, PROTO_ICMPV6, 0, BYTES("\4\0\0\1\0\0\0\7" QUOTE6), 0, 0, 0},
	{"error4-ah", 4, PROTO_AH, 0, BYTES("\1\1\0\0\0\1\2\3\0\0\0\1\3\0\0\1\0\0\0\0" QUOTE4), 0,
	 0, 0},
	{"error6-ah", 6, PROTO_AH, 0,
	 BYTES("\x3a\2\0\0\0\1\2\3\0\0\0\1\0\0\0\0\1\4\0\1\0\0\0\0" QUOTE6), 0, 0, 0},
	{"error6-hidden", 6, PROTO_FRAGMENT, 0,
	 BYTES("\x3c\0\0\0\0\1\2\3\x3a\0\1\4\0\0\0\0\1\4\0\1\0\0\0\0" QUOTE6), 0, 0, 0},
	{"tcp4-gso", 4, PROTO_TCP, IP4_DF, BYTES(TCP), 1500, GSO_TCP4, 300},
	{"tcp4-gso-large", 4, PROTO_TCP, 0, BYTES(TCP), 5000, GSO_TCP4 | GSO_ECN, 1440},
	{"udp4-gso", 4, PROTO_UDP, 0, BYTES(UDP), 700, GSO_UDP, 8},
	{"tcp6-gso", 6, PROTO_TCP, 0, BYTES(TCP), 1500, GSO_TCP6 | GSO_ACCECN, 300},
	{"udp6-gso", 6, PROTO_UDP, 0, BYTES(UDP), 4000, GSO_UDP, 1400},
	{"udp6-partial", 6, PROTO_UDP, 0, BYTES(UDP), 100, GSO_NONE, 1400},
	{"echo4-partial", 4, PROTO_ICMP, 0, BYTES(ECHO), 100, GSO_NONE, 1400},
	{"echo6-partial", 6, PROTO_ICMPV6, 0, BYTES(ECHO6), 100, GSO_NONE, 1400},
};

#define SEEDS (sizeof(seeds) / sizeof(*seeds))

static const uint8_t addrs4[8] = {8, 8, 8, 8, 192, 168, 255, 77};
static const uint8_t addrs6[32] = {0x20, 1,    0x0d, 0xb8,     0, 1, [15] = 2, [16] = 0,
				   0x64, 0xff, 0x9b, [28] = 8, 8, 8, 8};

/* Builds the input for S at AT (REPLAY_SEED zeros); returns its length. */
static size_t build(const struct seed *s, uint8_t *at)
{
	size_t hdr = s->family == 4 ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr);
	size_t body = s->l4_len + s->padding;
	uint8_t *p = at + 1 + OFFLOAD_HDR;
	struct offload o = {.csum = CSUM_PARTIAL,
			    .gso = s->gso & 7,
			    .ecn = s->gso & (GSO_ECN | GSO_ACCECN),
			    .seg = s->seg,
			    .csum_start = (uint16_t)hdr,
			    .csum_offset = offsetof(struct icmp_hdr, csum)};

	if (s->seg) /* the harness knows the position of a TCP or UDP checksum */
		offload_write(&o, at + 1);
	at[0] = 0x40 | 0x20; /* with VARIANT_FIX and VARIANT_POOL */
	if (s->family == 4) {
		p[0] = 0x45;
		put16(p + 2, (unsigned)(hdr + body));
		put16(p + 6, s->frag);
		p[8] = 64;
		p[9] = s->proto;
		memcpy(p + 12, addrs4, sizeof(addrs4));
	} else {
		p[0] = 0x60;
		put16(p + 4, (unsigned)body);
		p[6] = s->proto;
		p[7] = 64;
		memcpy(p + 8, addrs6, sizeof(addrs6));
	}
	memcpy(p + hdr, s->l4, s->l4_len);
	if (s->seg && s->proto == PROTO_UDP)
		put16(p + hdr + 4, (unsigned)body);
	return 1 + OFFLOAD_HDR + hdr + body;
}

size_t replay_seed(size_t i, uint8_t *at, const char **name)
{
	if (i == SEEDS)
		return 0;
	*name = seeds[i].name;
	return build(&seeds[i], at);
}

/* Changes up to four bytes, sometimes cuts off the end, and selects any configuration. */
size_t replay_mutate(uint8_t *m, size_t len)
{
	static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, 0x3a, 0x2c, 0x3c};
	size_t cut = replay_draw(12) ? len : 1 + replay_draw((uint32_t)len);

	m[0] = (uint8_t)replay_draw(256) | (replay_draw(8) ? 0x40 : 0);
	for (uint32_t n = replay_draw(5); n > 0; n--) {
		/* changes headers more often than data */
		size_t at = 1 + replay_draw((uint32_t)(len > 80 && replay_draw(4) ? 80 : len - 1));

		m[at] = replay_draw(2) ? telling[replay_draw(sizeof(telling))]
				       : (uint8_t)replay_draw(256);
	}
	return cut;
}
