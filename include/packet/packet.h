/* packet - from bytes to family-neutral facts: IPv4, and IPv6 with its extension headers.
 *
 * The parser only reads, through a bounded cursor, and says why if it refuses.  Offsets and lengths
 * are bytes in host order. */
#ifndef NAT64D_PACKET_H
#define NAT64D_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "packet/offload.h"
#include "packet/reason.h"
#include "lib/wire.h"

struct packet {
	uint8_t family; /* 4 or 6 */
	uint8_t tos;    /* or traffic class */
	uint8_t ttl;    /* or hop limit */
	uint8_t proto;  /* of the payload: the first next header that is not skipped */

	bool df;           /* IPv4 only */
	bool frag_hdr;     /* IPv6: there is a fragment header, be it an atomic one [8021] */
	bool mf;           /* more fragments */
	uint32_t frag_off; /* bytes */
	uint32_t id;       /* IPv4 Identification, or that of the fragment header */

	uint32_t src4, dst4;   /* family 4 */
	struct ip6 src6, dst6; /* family 6 */

	struct span
		whole;  /* the packet, cut to its stated length (or to what is there, if quoted) */
	struct span l4; /* what follows the last header that was read */
	size_t l4_stated; /* length of l4 by the header; l4.len may be less in a quote */
	size_t proto_at;  /* offset of the byte that gave proto */

	enum reason header; /* REASON_OK, or why this header must not be translated:
			     * REASON_SOURCE_ROUTE, REASON_ROUTING_HDR or REASON_FRAG_EXT_HDR */
	size_t header_at;   /* with REASON_ROUTING_HDR: offset of the segments-left byte */

	/* by packet_take_offload() */
	enum csum_state csum; /* of TCP and UDP, and of ICMP but for CSUM_PARTIAL */
	size_t l4_header; /* bytes of the TCP or UDP header; 0: neither, a fragment, or malformed */
	size_t seg;       /* payload bytes in each segment of a GSO packet; 0: it is none */
	uint8_t ecn;      /* of a GSO packet: GSO_ECN, GSO_ACCECN or 0 */
};

/* Bytes of L4 header and payload in the longest packet that P stands for: its first segment. */
static inline size_t packet_l4_len(const struct packet *p)
{
	return p->seg ? p->l4_header + p->seg : p->l4.len;
}

/* Part of a datagram, be it the first or a later part?  An atomic fragment is a whole one. */
static inline bool packet_is_fragment(const struct packet *p)
{
	return p->mf || p->frag_off != 0;
}

/* Is p->proto the ICMP of p's own family? */
static inline bool packet_is_icmp(const struct packet *p)
{
	return p->proto == (p->family == 4 ? PROTO_ICMP : PROTO_ICMPV6);
}

/* Goes on from where the parser stops, at AH or behind a fragment header, to the payload at the end
 * of the chain.  Of P then hold p->proto, p->l4, and whether it is a fragment, from whichever
 * header that shows.  Returns false where the end is not in it. */
bool packet_go_to_end(struct packet *p);

/* The ICMP type that p carries, or -1: not ICMP, not the first fragment, or nothing there. */
int packet_icmp_type(const struct packet *p);

/* Is P an ICMP error message (or might it be one: an ICMP packet too short to tell)? */
bool packet_is_icmp_error(const struct packet *p);

/* Is the checksum of P, whose TCP or UDP header is there, right as far as can be seen?  True for
 * fragments, other protocols, UDP without a checksum, and what the device vouches for or leaves
 * partial. */
bool packet_l4_checksum_ok(const struct packet *p);

/* Is the checksum of P, a whole ICMP message of its own family, right, or vouched for? */
bool packet_icmp_checksum_ok(const struct packet *p);

/* Parses the LEN bytes at BYTES.  QUOTED: they stand inside an ICMP error, so they may be cut short
 * anywhere behind the IP header, and the IPv4 header checksum is not looked at.  Returns
 * REASON_OK, or the reason why the bytes cannot be understood; then nothing in P is valid. */
enum reason packet_parse(struct packet *p, const uint8_t *bytes, size_t len, bool quoted);

/* Takes over what the device left to be done about P, parsed from BYTES, which are writable: a
 * partial checksum that is not TCP's or UDP's is completed there.  Returns REASON_OK, or
 * REASON_BAD_OFFLOAD if O does not fit the packet.  A GSO packet of one segment is none. */
enum reason packet_take_offload(struct packet *p, uint8_t *bytes, const struct offload *o);

#endif
