/* packet - parses IPv4 and IPv6 packets, with extension headers, into facts independent of family.
 *
 * The parser does not write, never reads outside the given bytes, and returns a reason when it
 * rejects a packet.  Offsets and lengths are bytes in host order. */
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

	bool df;       /* IPv4 only */
	bool frag_hdr; /* IPv6: has a fragment header, even if it is an atomic fragment [8021] */
	bool mf;       /* more fragments */
	uint32_t frag_off; /* bytes */
	uint32_t id;       /* IPv4 Identification, or that of the fragment header */

	uint32_t src4, dst4;   /* family 4 */
	struct ip6 src6, dst6; /* family 6 */

	struct span whole; /* the packet, cut to the length in its header (or to the available
			      bytes, if quoted) */
	struct span l4;    /* everything after the last header that was read */
	size_t l4_stated; /* length of l4 according to the header; in a quote, l4.len may be less */
	size_t proto_at;  /* offset of the byte with proto */

	enum reason header; /* REASON_OK, or why a packet with this header must not be translated:
			       REASON_SOURCE_ROUTE, REASON_ROUTING_HDR or REASON_FRAG_EXT_HDR */
	size_t header_at;   /* with REASON_ROUTING_HDR: offset of its segments-left byte */

	/* set by packet_take_offload() */
	enum csum_state csum; /* for TCP and UDP; for ICMP never CSUM_PARTIAL */
	size_t l4_header;     /* length of the TCP or UDP header; 0: other protocol, fragment or
				 malformed */
	size_t seg;           /* payload bytes per segment of a GSO packet; 0: not a GSO packet */
	uint8_t ecn;          /* GSO_ECN, GSO_ACCECN or 0, for a GSO packet */
};

/* Returns the length of L4 header and payload; for a GSO packet, those of its first segment. */
static inline size_t packet_l4_len(const struct packet *p)
{
	return p->seg ? p->l4_header + p->seg : p->l4.len;
}

/* Returns true for any fragment of a datagram, also the first one.  An atomic fragment is complete
 * and not counted. */
static inline bool packet_is_fragment(const struct packet *p)
{
	return p->mf || p->frag_off != 0;
}

/* Returns true if p->proto is the ICMP of the packet's own family. */
static inline bool packet_is_icmp(const struct packet *p)
{
	return p->proto == (p->family == 4 ? PROTO_ICMP : PROTO_ICMPV6);
}

/* Continues where the parser stopped, at AH or after a fragment header, and follows the header
 * chain to the payload at its end.  Then p->proto and p->l4 describe that payload, and the fragment
 * fields come from the header that has them.  Returns false if the packet does not contain the
 * end. */
bool packet_go_to_end(struct packet *p);

/* Returns the ICMP type of P, or -1 if P is not ICMP, is not the first fragment, or is too
 * short. */
int packet_icmp_type(const struct packet *p);

/* Returns true if P is an ICMP error, or an ICMP packet too short to have a type. */
bool packet_is_icmp_error(const struct packet *p);

/* Returns true if the checksum of P, which has its TCP or UDP header, is correct as far as it can
 * be checked.  Also returns true for fragments, other protocols, UDP without a checksum, and
 * checksums that are verified by the device or partial. */
bool packet_l4_checksum_ok(const struct packet *p);

/* Returns true if the checksum of P, a complete ICMP message of its own family, is correct or was
 * verified by the device. */
bool packet_icmp_checksum_ok(const struct packet *p);

/* Parses LEN bytes at BYTES.  QUOTED: they are inside an ICMP error, so they may end anywhere after
 * the IP header, and the IPv4 header checksum is not verified.  Returns REASON_OK, or the reason
 * why the bytes are not a valid packet; then no field of P is valid. */
enum reason packet_parse(struct packet *p, const uint8_t *bytes, size_t len, bool quoted);

/* Applies the device's offload information to P, which was parsed from BYTES.  Completes a partial
 * checksum that is not TCP or UDP in BYTES, which must be writable.  Returns REASON_OK, or
 * REASON_BAD_OFFLOAD if O does not fit the packet.  A GSO packet with one segment becomes an
 * ordinary packet. */
enum reason packet_take_offload(struct packet *p, uint8_t *bytes, const struct offload *o);

#endif
