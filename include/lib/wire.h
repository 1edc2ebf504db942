/* wire - the layout of IPv4, IPv6, TCP, UDP and ICMP headers.
 *
 * Every field is an array of bytes, so that structs have no alignment or padding and a missing byte
 * swap is a type error.  get16() and get32() convert such bytes to numbers in host order, put16()
 * and put32() back. */
#ifndef NAT64D_WIRE_H
#define NAT64D_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ip_proto {
	PROTO_HOPOPTS = 0, /* IPv6 extension header */
	PROTO_ICMP = 1,
	PROTO_IGMP = 2,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,  /* IPv6 extension header */
	PROTO_FRAGMENT = 44, /* IPv6 extension header */
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_NONE = 59,    /* IPv6: no next header */
	PROTO_DSTOPTS = 60, /* IPv6 extension header */
};

struct ip4_hdr {
	uint8_t ver_ihl;
	uint8_t tos;
	uint8_t len[2]; /* header and payload, bytes */
	uint8_t id[2];
	uint8_t frag[2]; /* flags, and the offset in units of 8 bytes */
	uint8_t ttl;
	uint8_t proto;
	uint8_t csum[2];
	uint8_t src[4];
	uint8_t dst[4];
};

#define IP4_DF       0x4000u
#define IP4_MF       0x2000u
#define IP4_OFF_MASK 0x1fffu

struct ip6_hdr {
	uint8_t ver_tc_flow[4];
	uint8_t plen[2]; /* bytes after this header */
	uint8_t next;
	uint8_t hop;
	uint8_t src[16];
	uint8_t dst[16];
};

struct frag_hdr { /* [8200-4.5] */
	uint8_t next;
	uint8_t reserved;
	uint8_t off[2]; /* offset in units of 8 bytes << 3, and the M flag */
	uint8_t id[4];
};

#define FRAG_MF 0x0001u

struct tcp_hdr {
	uint8_t sport[2];
	uint8_t dport[2];
	uint8_t seq[4];
	uint8_t ack[4];
	uint8_t doff; /* high nibble: header length in 32-bit words */
	uint8_t flags;
	uint8_t window[2];
	uint8_t csum[2];
	uint8_t urgent[2];
};

#define TCP_HEADER_MAX 60u /* with all options [9293-3.1] */

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_URG 0x20u
#define TCP_CWR 0x80u

struct udp_hdr {
	uint8_t sport[2];
	uint8_t dport[2];
	uint8_t len[2]; /* header and payload, bytes */
	uint8_t csum[2];
};

struct icmp_hdr { /* the same for ICMPv4 and ICMPv6 */
	uint8_t type;
	uint8_t code;
	uint8_t csum[2];
	uint8_t rest[4];
};

_Static_assert(sizeof(struct ip4_hdr) == 20, "IPv4 header");
_Static_assert(sizeof(struct ip6_hdr) == 40, "IPv6 header");
_Static_assert(sizeof(struct frag_hdr) == 8, "IPv6 fragment header");
_Static_assert(sizeof(struct tcp_hdr) == 20, "TCP header");
_Static_assert(sizeof(struct udp_hdr) == 8, "UDP header");
_Static_assert(sizeof(struct icmp_hdr) == 8, "ICMP header");

enum icmp4_type {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACH = 3,
	ICMP4_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAM_PROBLEM = 12,
};

enum icmp6_type {
	ICMP6_UNREACH = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_REDIRECT = 137,
};

#define TOS_ECN     0x03u  /* the ECN bits of TOS and traffic class; the others are DSCP [3168-5] */
#define IP_LEN_MAX  65535u /* maximum length of an IPv4 packet, and of an IPv6 payload */
#define IP6_MTU_MIN 1280u  /* [8200-5] */
#define IP4_MTU_MIN 68u    /* [791-3.2] */

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Bytes that may be read, and how many: the only way to bytes in a parser. */
struct span {
	const uint8_t *p;
	size_t len;
};

/* The next N bytes of S, which is shortened by them; NULL, and S is unchanged, if S has fewer. */
static inline const void *span_take(struct span *s, size_t n)
{
	const uint8_t *p = s->p;

	if (s->len < n)
		return NULL;
	s->p += n;
	s->len -= n;
	return p;
}

#endif
