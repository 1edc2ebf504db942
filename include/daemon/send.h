/* send - hands packets and GSO packets to the device, and does itself what the device refuses to
 * do: a GSO packet is cut up, a partial checksum completed.  Nothing is lost by that. */
#ifndef NAT64D_SEND_H
#define NAT64D_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "xlat/batch.h"
#include "packet/output.h"
#include "daemon/report.h"
#include "linux/tun.h"

struct send {
	struct tun *tun;
	struct batch *batch;       /* told which GSO packets are of use */
	struct counters *counters; /* gso_written, write_failed */
	unsigned gso;              /* enum batch_merge bits: the device takes them */
	bool partial;              /* it takes partial checksums */
};

/* Makes S ready for what its device can do; GSO packets, batch and device are set. */
void send_start(struct send *s);

/* Sends OUT, or else counts it as failed. */
void send_out(struct send *s, const struct output *out);

#endif
