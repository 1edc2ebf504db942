/* generate - random configurations, and random packets that have something to do with them: mostly
 * right, often odd, sometimes broken.  The same seed gives the same. */
#ifndef NAT64D_TESTS_GENERATE_H
#define NAT64D_TESTS_GENERATE_H

#include "model/model.h"
#include "support/shortened.h"

#define GENERATE_MAX   70000
#define GENERATE_HOSTS 24 /* that may want a lease */

void generate_seed(uint64_t seed);
uint32_t generate_below(uint32_t n);

/* Fills M but for its leases, and C, to which M then points. */
void generate_conf(struct model *m, struct xlat_conf *c);

/* Writes a packet of FAMILY (4 or 6) to P and returns its length. */
size_t generate_packet(const struct model *m, unsigned family, uint8_t *p);

/* The same, but a right one with a chance to pass: its addresses map, its header checksum is right,
 * nothing was broken afterwards. */
size_t generate_sound(const struct model *m, unsigned family, uint8_t *p);

#endif
