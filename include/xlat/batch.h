/* batch - collects the packets that leave in one burst, and merges packets of a flow into GSO
 * packets, as the kernel's GRO does on receive.
 *
 * TCP segments are merged if they have the same addresses, ports, flags, acknowledgment, window and
 * options, and consecutive sequence numbers; FIN or PSH ends a GSO packet; SYN, RST, URG and CWR
 * are never merged.  UDP datagrams are merged if they have the same addresses, ports and size; a
 * shorter one ends the GSO packet.  Both need the same TOS, TTL and DF.
 *
 * Packets of one flow leave in the order of arrival.  A fragment may belong to any TCP or UDP flow
 * and keeps its order with all of them.  Otherwise, packets leave in the order in which the first
 * packet of each GSO packet arrived.  A packet joins a GSO packet only if its checksum is partial,
 * verified by the device, or verified here, so that a corrupt packet stays corrupt. */
#ifndef NAT64D_BATCH_H
#define NAT64D_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipid.h"
#include "lib/siphash.h"
#include "packet/output.h"

#define BATCH_PACKETS 1024 /* maximum number of packets in a batch */

enum batch_merge { /* what may be merged, which depends on the device; bits */
	BATCH_TCP = 1,
	BATCH_UDP = 2,
};

struct batch;

/* Returns an empty batch, or NULL without memory.  KEY prevents attackers from predicting which
 * flows collide.  IPID numbers the packets of IPv4 GSO packets that routers may fragment. */
struct batch *batch_new(const struct siphash_key *key, struct ipid *ipid);
void batch_free(struct batch *b);

/* Sets what may be merged to MERGE; at first nothing is merged. */
void batch_allow(struct batch *b, unsigned merge);

/* Adds O, an output of the translator.  Its bytes must stay valid until it leaves, and batch may
 * write to its headers.  Returns false if the batch is full. */
bool batch_add(struct batch *b, const struct output *o);

/* Returns the next packet to send, valid until the next batch_add(); NULL after the last one, when
 * B is empty.  batch_add() must not be called before that. */
const struct output *batch_next(struct batch *b);

/* Returns the number of packets (or received GSO packets) that have been merged onto others since
 * batch_new(). */
uint64_t batch_merged(const struct batch *b);

#endif
