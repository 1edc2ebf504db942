/* fastpath_race - the kernel reuses the memory of a pair for another one while the program reads
 * it. */
#ifndef NAT64D_TESTS_FASTPATH_RACE_H
#define NAT64D_TESTS_FASTPATH_RACE_H

#include <check.h>

TCase *fastpath_race(void);

/* Returns why this cannot be tested here, or NULL. */
const char *fastpath_race_lacks(void);

#endif
