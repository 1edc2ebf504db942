/* seccomp_linux - limits the system calls of the daemon and of the keeper to those of a table
 * [seccomp(2)].
 *
 * A forbidden call fails with EPERM, and both processes record it in memory that they share, so
 * that the daemon can log it.  Or it kills the process, with SIGSYS. */
#ifndef NAT64D_SECCOMP_LINUX_H
#define NAT64D_SECCOMP_LINUX_H

#include <stdbool.h>

enum seccomp_who {
	SECCOMP_DAEMON,
	SECCOMP_KEEPER,
	SECCOMP_WHO
};

struct seccomp_plan {
	enum seccomp_who who;
	bool kill;    /* a forbidden call kills the process */
	bool bpf;     /* the process uses maps of the program in the kernel */
	bool netlink; /* the process may configure the device, and opens sockets for that */
	/* Called before a forbidden call kills the process; may be NULL. */
	void (*last_words)(enum seccomp_who who, long call);
};

/* Allocates the record that the processes share.  Call it before the keeper is forked.  Returns 0,
 * or -1 with errno. */
int seccomp_prepare(void);

/* Enters the filter.  Returns 0, or -1 with errno (ENOSYS: not for this kernel or architecture). */
int seccomp_enter(const struct seccomp_plan *plan);

/* Returns true if the keeper that was started last is inside its filter. */
bool seccomp_keeper_entered(void);

/* Returns true if there is a forbidden call that was not reported yet.  Each number is reported
 * once. */
bool seccomp_next(enum seccomp_who *who, long *call);

/* The name of a system call of this architecture; "unknown" if it has none. */
const char *seccomp_name(long call);

#endif
