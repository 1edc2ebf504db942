/* generate - random configurations, and random packets that relate to them: usually valid, often
 * unusual, sometimes damaged.  The same seed gives the same sequence. */
#ifndef NAT64D_TESTS_GENERATE_H
#define NAT64D_TESTS_GENERATE_H

#include "model/model.h"
#include "support/shortened.h"

#define GENERATE_MAX   70000
#define GENERATE_HOSTS 24 /* that may need a lease */

void generate_seed(uint64_t seed);
uint32_t generate_below(uint32_t n);

/* Fills M, except for leases, and C; M then points to C. */
void generate_conf(struct model *m, struct xlat_conf *c);

/* Writes a packet of FAMILY (4 or 6) to P and returns its length. */
size_t generate_packet(const struct model *m, unsigned family, uint8_t *p);

/* The same for a valid packet that can be translated: its addresses map, its header checksum is
 * right, and it is not damaged. */
size_t generate_sound(const struct model *m, unsigned family, uint8_t *p);

#endif
