/* fuzz_wire - the packets that leave in a batch, as a device would put them on the wire. */
#ifndef NAT64D_TESTS_FUZZ_WIRE_H
#define NAT64D_TESTS_FUZZ_WIRE_H

#include "packet/output.h"
#include "xlat/batch.h"

/* A batch, copies of the outputs in it, and the packets that must leave. */
struct wire;

struct wire *wire_new(void);
void wire_free(struct wire *w);

void wire_allow(struct wire *w, unsigned merge);

/* Copies O into the batch. */
void wire_add(struct wire *w, const struct output *o);

/* Empties the batch, and checks that each packet leaves once and in the order of its flow. */
void wire_flush(struct wire *w);

#endif
