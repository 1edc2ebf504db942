/* batch_impl - decides what the headers of an outgoing packet mean for merging; private to
 * batch. */
#ifndef NAT64D_BATCH_IMPL_H
#define NAT64D_BATCH_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/output.h"

enum merge_kind {
	MERGE_OTHER,   /* not TCP or UDP; never blocks other flows */
	MERGE_UNKNOWN, /* a fragment, which may belong to any flow */
	MERGE_NEVER,   /* belongs to a known flow, but must stay separate */
	MERGE_MAYBE,
};

/* Returns how O may be merged. */
enum merge_kind batch_kind(const struct output *o);

/* Returns those of the flags TCP_FIN and TCP_PSH that O, of MERGE_MAYBE, has; no segment may follow
 * them. */
uint8_t batch_ends(const struct output *o);

/* Returns true if A and B have the same addresses, protocol and ports. */
bool batch_same_flow(const struct output *a, const struct output *b);

/* Returns true if B, of the same flow as A, has the headers of the segment that starts HELD payload
 * bytes after the start of the GSO packet A. */
bool batch_same_header(const struct output *a, const struct output *b, size_t held);

/* Returns true if the complete checksum of O, which is not merged yet, is correct. */
bool batch_checksum_ok(const struct output *o);

/* Turns the headers of O into those of a GSO packet of O's length.  ENDS are the TCP flags of its
 * last segment, ID its IPv4 Identification. */
void batch_put_headers(struct output *o, uint8_t ends, unsigned id);

#endif
