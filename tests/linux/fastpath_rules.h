/* fastpath_rules - when the program in the kernel takes a packet and when not: generations, leases,
 * switches, the order of packets; what it counts; and which rights it takes to load it. */
#ifndef NAT64D_TESTS_FASTPATH_RULES_H
#define NAT64D_TESTS_FASTPATH_RULES_H

#include <check.h>

TCase *fastpath_rules(void);
TCase *fastpath_rights(void);

#endif
