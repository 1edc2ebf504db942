/* output - an outgoing packet or GSO packet: its bytes, and what the translator knows about the
 * headers that it has written to them, so that nobody behind it has to parse them. */
#ifndef NAT64D_OUTPUT_H
#define NAT64D_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/gso.h"
#include "packet/offload.h"

#define OUTPUT_PARTS 65 /* most parts; the kernel takes 64 UDP segments behind one header */

struct part { /* of a payload; a part may end anywhere */
	const uint8_t *p;
	const struct part *next;
	uint32_t len; /* bytes; 0 only in an output without a body */
};

/* HEAD, with all headers and perhaps payload, then the parts of BODY.  OFFLOAD_HDR bytes in front
 * of HEAD may be overwritten.  The bytes are the caller's. */
struct output {
	uint8_t *head;
	struct part body;
	uint32_t head_len, len; /* bytes of HEAD; of all parts */
	uint16_t parts;         /* HEAD and those of BODY: 1 to OUTPUT_PARTS */
	uint16_t segments;      /* packets that it makes on the wire */
	struct offload offload; /* what is left for the device to do */
	uint8_t family, proto;  /* 4 or 6; the protocol behind the IP header or fragment header */
	uint8_t ip;             /* bytes of the IP header and fragment header */
	uint8_t l4;    /* bytes of the TCP or UDP header; 0: there is none, or it is malformed */
	bool fragment; /* of a datagram: only the first one has ports */
	bool alone; /* its IPv4 Identification is its sender's: it must not be merged with others */
};

static inline uint32_t output_payload(const struct output *o)
{
	return o->len - o->ip - o->l4;
}

/* O, whose checksum is partial, as the GSO packet module sees it. */
struct gso_packet output_gso(const struct output *o);

/* Leaves to the device to complete the checksum of O, a TCP or UDP packet, and to cut it into
 * segments of SEG payload bytes, if it is longer than one; SEG 0: it is no GSO packet.  ECN: what
 * struct offload says of it. */
void output_leave(struct output *o, unsigned seg, uint8_t ecn);

#endif
