/* output - an outgoing packet or GSO packet, with the facts that the translator knows about its
 * headers, so that later stages need not parse them. */
#ifndef NAT64D_OUTPUT_H
#define NAT64D_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/gso.h"
#include "packet/offload.h"

#define OUTPUT_PARTS 65 /* maximum; the kernel accepts 64 UDP segments per GSO packet */

struct part { /* of a payload; may end at any byte */
	const uint8_t *p;
	const struct part *next;
	uint32_t len; /* bytes; 0 only for an output without a body */
};

/* The packet is HEAD, which has all headers and possibly payload, followed by the parts of BODY.
 * The OFFLOAD_HDR bytes before HEAD may be overwritten.  The caller owns the bytes. */
struct output {
	uint8_t *head;
	struct part body;
	uint32_t head_len, len; /* bytes in HEAD; bytes in all parts */
	uint16_t parts;         /* HEAD plus the parts of BODY: 1 to OUTPUT_PARTS */
	uint16_t segments;      /* number of packets on the wire */
	struct offload offload; /* work for the device */
	uint8_t family, proto;  /* 4 or 6; the protocol after the IP or fragment header */
	uint8_t ip;             /* length of the IP header and fragment header */
	uint8_t l4;    /* length of the TCP or UDP header; 0: other protocol, or malformed */
	bool fragment; /* part of a datagram: only the first one has ports */
	bool alone;    /* do not merge: the sender chose its IPv4 Identification */
};

static inline uint32_t output_payload(const struct output *o)
{
	return o->len - o->ip - o->l4;
}

/* Returns O, whose checksum is partial, in the form that gso.h takes. */
struct gso_packet output_gso(const struct output *o);

/* Lets the device complete the checksum of O, a TCP or UDP packet, and cut it into segments of
 * SEG payload bytes if it is longer than one.  SEG 0: not a GSO packet.  ECN is as in struct
 * offload. */
void output_leave(struct output *o, unsigned seg, uint8_t ecn);

#endif
