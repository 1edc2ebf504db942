/* seccomp_filter - the program by which the kernel decides about each system call
 * [SECCOMP_SET_MODE_FILTER in seccomp(2)]. */
#ifndef NAT64D_SECCOMP_FILTER_H
#define NAT64D_SECCOMP_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "linux/seccomp_linux.h"

/* Kernel headers of old systems lack these. */
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule       445
#define __NR_landlock_restrict_self  446
#endif

#define SECCOMP_FILTER_MOST 1024 /* instructions */

/* Writes the program to AT.  Returns the number of its instructions; 0 if this architecture is not
 * known. */
size_t seccomp_filter(const struct seccomp_plan *plan, struct sock_filter at[SECCOMP_FILTER_MOST]);

#endif
