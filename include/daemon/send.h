/* send - writes packets and GSO packets to the device.  If the device lacks a feature, GSO packets
 * are split here, and partial checksums are completed, so that no packet is lost. */
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
	struct batch *batch;       /* learns which GSO packets are useful */
	struct counters *counters; /* gso_written, write_failed */
	unsigned gso; /* enum batch_merge bits: the GSO packets that the device accepts */
	bool partial; /* the device accepts partial checksums */
};

/* Sets GSO and PARTIAL from the features of the device.  TUN, BATCH and COUNTERS must be set. */
void send_start(struct send *s);

/* Sends OUT, or counts it as failed. */
void send_out(struct send *s, const struct output *out);

#endif
