/* setup_impl - what the files of setup share. */
#ifndef NAT64D_SETUP_IMPL_H
#define NAT64D_SETUP_IMPL_H

#include "daemon/setup.h"

/* By family, address, length: what lies inside a prefix then follows it. */
int setup_compare(const void *a, const void *b);
/* Is A one of the N of LIST, which is sorted? */
bool setup_holds(const struct prefix *list, size_t n, const struct prefix *a);

/* Says that R is left out: it lies in WHERE, or is a default route. */
void setup_say_left(const struct prefix *r, const char *where, setup_say *say, void *arg);

#endif
