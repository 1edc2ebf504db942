/* seccomp_filter - the program by which the kernel decides about each system call
 * [SECCOMP_SET_MODE_FILTER in seccomp(2)]. */
#ifndef NAT64D_SECCOMP_FILTER_H
#define NAT64D_SECCOMP_FILTER_H

#include <linux/audit.h>
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

/* The number of the architecture in the kernel; not defined if there is no filter for it. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define SECCOMP_ARCH AUDIT_ARCH_X86_64
#define SECCOMP_X32  0x40000000U
#elif defined(__i386__)
#define SECCOMP_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define SECCOMP_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARMEL__)
#define SECCOMP_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define SECCOMP_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define SECCOMP_ARCH AUDIT_ARCH_S390X
#endif

#define SECCOMP_FILTER_MOST 1024 /* instructions */

/* Writes the program to AT.  Returns the number of its instructions; 0 if this architecture is not
 * known. */
size_t seccomp_filter(const struct seccomp_plan *plan, struct sock_filter at[SECCOMP_FILTER_MOST]);

#endif
