/* fastpath_diff - compares the program in the kernel with the translator on random configurations
 * and packets.  If the program takes a packet, the results must be equal. */
#ifndef NAT64D_TESTS_FASTPATH_DIFF_H
#define NAT64D_TESTS_FASTPATH_DIFF_H

#include <stdint.h>

/* Uses PACKETS packets.  Configurations are numbered from SEED on.  Fails the test if there is a
 * difference, or if after at least WHOLE packets a kind of packets was never taken that must
 * be.  Must run in a separate network namespace. */
void fastpath_diff(uint64_t seed, unsigned long packets, unsigned long whole);

/* Moves this process to a new network namespace with lo up.  Returns 0, or -1 with errno. */
int fastpath_diff_alone(void);

#endif
