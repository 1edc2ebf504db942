/* setup_impl - shared by the files that implement setup. */
#ifndef NAT64D_SETUP_IMPL_H
#define NAT64D_SETUP_IMPL_H

#include "daemon/setup.h"

/* Compares by family, address and length.  Prefixes inside another one follow it. */
int setup_compare(const void *a, const void *b);
/* Returns true if A is one of the N entries of LIST, which is sorted. */
bool setup_holds(const struct prefix *list, size_t n, const struct prefix *a);

/* Reports that R is left out because it is inside WHERE, or because it is a default route. */
void setup_say_left(const struct prefix *r, const char *where, setup_say *say, void *arg);

#endif
