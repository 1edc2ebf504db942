/* fastpath_rules - when the program in the kernel takes a packet: generations, leases, switches,
 * and the order of packets.  Also what it counts, and the privileges needed to load it. */
#ifndef NAT64D_TESTS_FASTPATH_RULES_H
#define NAT64D_TESTS_FASTPATH_RULES_H

#include <check.h>

TCase *fastpath_rules(void);
TCase *fastpath_rights(void);

#endif
