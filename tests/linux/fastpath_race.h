/* fastpath_race - the kernel gives the memory of a pair to another one while the program reads it.
 */
#ifndef NAT64D_TESTS_FASTPATH_RACE_H
#define NAT64D_TESTS_FASTPATH_RACE_H

#include <check.h>

TCase *fastpath_race(void);

/* Why it cannot be tested here; NULL: it can. */
const char *fastpath_race_lacks(void);

#endif
