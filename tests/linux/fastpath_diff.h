/* fastpath_diff - the program in the kernel against the translator, on random configurations and
 * packets: what it takes must become what the translator makes of it. */
#ifndef NAT64D_TESTS_FASTPATH_DIFF_H
#define NAT64D_TESTS_FASTPATH_DIFF_H

#include <stdint.h>

/* PACKETS of them; configurations come with SEED and the numbers behind it.  Fails the test where
 * there is a difference, and after WHOLE packets or more, where a kind of packets was never taken
 * that has to be.  In a network namespace of its own. */
void fastpath_diff(uint64_t seed, unsigned long packets, unsigned long whole);

/* Moves this process to a network namespace of its own, with lo up.  0, or -1 with errno. */
int fastpath_diff_alone(void);

#endif
