/* seccomp_filter - the program by which the kernel decides about each system call
 * [SECCOMP_SET_MODE_FILTER in seccomp(2)]. */
#ifndef NAT64D_SECCOMP_FILTER_H
#define NAT64D_SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#include "linux/seccomp_linux.h"

#define SECCOMP_FILTER_MOST 1024 /* instructions */

/* Writes the program to AT.  Returns the number of its instructions; 0 if this architecture is not
 * known. */
size_t seccomp_filter(const struct seccomp_plan *plan, struct sock_filter at[SECCOMP_FILTER_MOST]);

#endif
