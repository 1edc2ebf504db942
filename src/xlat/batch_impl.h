/* batch_impl - private to batch: what the headers of a frame say about merging it. */
#ifndef NAT64D_BATCH_IMPL_H
#define NAT64D_BATCH_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"
#include "xlat/xlat.h"

enum look_kind {
	LOOK_OTHER,   /* neither TCP nor UDP: in nobody's way */
	LOOK_UNKNOWN, /* of any flow, for all we know: a fragment */
	LOOK_ALONE,   /* of a known flow, and not to be merged */
	LOOK_MERGE,
};

struct look {
	uint8_t kind;    /* enum look_kind; nothing below is valid of LOOK_OTHER, LOOK_UNKNOWN */
	uint8_t proto;   /* PROTO_TCP or PROTO_UDP */
	uint8_t ip;      /* bytes of IP header */
	uint8_t ends;    /* TCP_FIN and TCP_PSH, if they are set; from here on of LOOK_MERGE only */
	uint16_t header; /* bytes of IP and L4 header */
	uint16_t seg;    /* payload bytes in each segment but the last; all of them if it is no GSO
			    packet */
	uint32_t payload; /* bytes */
};

static inline unsigned look_family(const struct look *k)
{
	return k->ip == sizeof(struct ip4_hdr) ? 4 : 6;
}

static inline size_t frame_len(const struct frame *f)
{
	return f->head_len + f->body_len;
}

/* What F is. */
struct look batch_look(const struct frame *f);

/* Are the IP addresses, the protocol and the ports of A and B the same? */
bool batch_same_flow(const struct frame *a, const struct look *ka, const struct frame *b,
		     const struct look *kb);

/* Do the headers of B, which is of the flow of A, say nothing but what a segment of the GSO packet
 * that starts with A would say, HELD payload bytes after its start? */
bool batch_same_header(const struct frame *a, const struct frame *b, const struct look *k,
		       size_t held);

/* Is the complete checksum of F right? */
bool batch_checksum_ok(const struct frame *f, const struct look *k);

/* Makes the headers of F those of a GSO packet of LEN bytes that ends with the TCP flags K->ends.
 * ID: its IPv4 Identification. */
void batch_put_headers(struct frame *f, const struct look *k, size_t len, unsigned id);

#endif
