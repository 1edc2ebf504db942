/* send - hands packets and GSO packets to the device, and does itself what the device refuses to
 * do: a GSO packet is cut up, a partial checksum completed.  Nothing is lost by that. */
#ifndef NAT64D_SEND_H
#define NAT64D_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "xlat/batch.h"
#include "packet/offload.h"
#include "daemon/report.h"
#include "linux/tun.h"

struct send {
	struct tun *tun;
	struct batch *batch;       /* told which GSO packets are of use */
	struct counters *counters; /* gso_written, write_failed */
	unsigned gso;              /* enum batch_merge bits: the device takes them */
	bool partial;              /* it takes partial checksums */
};

#define SEND_HEADER 128 /* the longest of IP and L4: 40 and 60 bytes */

struct send_segment { /* .out points into .head: not to be copied */
	struct batch_out out;
	uint8_t head[OFFLOAD_HDR + SEND_HEADER];
};

/* Makes S ready for what its device can do; GSO packets, batch and device are set. */
void send_start(struct send *s);

/* Sends OUT, or else counts it as failed.  ARG: a struct send, as batch_flush() wants it. */
void send_out(void *arg, const struct batch_out *out);

/* Segment I of OUT, a GSO packet or a packet with a partial checksum (which has one segment,
 * itself), as the kernel would have cut it: its IPv4 Identification is the GSO packet's plus I. Its
 * checksum is partial, or else COMPLETE.  The payload is pointed to where it is.  False: OUT is
 * malformed, or neither. */
bool send_cut(const struct batch_out *out, unsigned i, bool complete, struct send_segment *s);

#endif
