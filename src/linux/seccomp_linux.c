/* seccomp_linux - enters the filter, and handles the signal that a forbidden call raises. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "linux/seccomp_linux.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "seccomp_filter.h"

/* Where a signal handler finds the result of the call that raised the signal. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_RAX])
#elif defined(__i386__)
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_EAX])
#elif defined(__aarch64__)
#define RESULT(u) ((u)->uc_mcontext.regs[0])
#elif defined(__arm__) && defined(__ARMEL__)
#define RESULT(u) ((u)->uc_mcontext.arm_r0)
#elif defined(__riscv) && __riscv_xlen == 64
#define RESULT(u) ((u)->uc_mcontext.__gregs[10])
#elif defined(__s390x__)
#define RESULT(u) ((u)->uc_mcontext.gregs[2])
#endif

#define NUMBERS 1024 /* of calls that are recorded; all higher ones share the last entry */

/* Written by both processes. */
static struct record {
	uint8_t seen[SECCOMP_WHO][NUMBERS]; /* 1: called; 2: that was reported */
	uint8_t news;
	uint8_t keeper; /* it has entered its filter */
} * record;

int seccomp_prepare(void)
{
	void *p = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return -1;
	record = p;
	return 0;
}

bool seccomp_keeper_entered(void)
{
	return record && record->keeper;
}

static bool report_one(enum seccomp_who *who, long *call)
{
	for (int w = 0; w < SECCOMP_WHO; w++)
		for (long nr = 0; nr < NUMBERS; nr++) {
			if (record->seen[w][nr] != 1)
				continue;
			record->seen[w][nr] = 2;
			*who = (enum seccomp_who)w;
			*call = nr;
			return true;
		}
	return false;
}

bool seccomp_next(enum seccomp_who *who, long *call)
{
	if (!record || !__atomic_load_n(&record->news, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&record->news, 0, __ATOMIC_RELEASE);
	if (!report_one(who, call))
		return false;
	__atomic_store_n(&record->news, 1, __ATOMIC_RELEASE); /* there may be more */
	return true;
}

#define NAME(name) {__NR_##name, #name},

const char *seccomp_name(long call)
{
	static const struct {
		long call;
		const char *name;
	} names[] = {
#include "seccomp_names.h"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].call == call)
			return names[i].name;
	return "unknown";
}

#ifdef RESULT

/* --- forbidden calls ---------------------------------------------------------------------- */

static struct seccomp_plan inside; /* of this process */

static void write_down(long call)
{
	uint8_t *seen;

	if (call < 0 || call >= NUMBERS)
		call = NUMBERS - 1;
	seen = &record->seen[inside.who][call];
	if (*seen)
		return;
	*seen = 1;
	__atomic_store_n(&record->news, 1, __ATOMIC_RELEASE);
}

/* The signal is blocked here.  The kernel therefore kills a process that makes another forbidden
 * call, by the same signal. */
static void handle(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	long call = info->si_syscall;

	(void)sig;
	if (!inside.kill) {
		write_down(call);
		RESULT(u) = (__typeof__(RESULT(u)))-EPERM;
		return;
	}
	if (inside.last_words)
		inside.last_words(inside.who, call);
	else
		write_down(call);
	for (;;)
		syscall(__NR_ptrace, -1L, 0L, 0L, 0L);
}

static int catch (void)
{
	struct sigaction act = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, SIGSYS);
	return sigaction(SIGSYS, &act, NULL) < 0 ? -1 : sigprocmask(SIG_UNBLOCK, &only, NULL);
}

/* seccomp: keeper: prctl, seccomp, rt_sigaction, rt_sigprocmask */
int seccomp_enter(const struct seccomp_plan *plan)
{
	struct sock_filter at[SECCOMP_FILTER_MOST];
	struct sock_fprog prog = {(unsigned short)seccomp_filter(plan, at), at};

	if (!record) {
		errno = ENOMEM;
		return -1;
	}
	if (plan->who == SECCOMP_KEEPER)
		record->keeper = 0;
	inside = *plan;
	if (catch () < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &prog) < 0)
		return -1;
	if (plan->who == SECCOMP_KEEPER)
		record->keeper = 1;
	return 0;
}

#else

int seccomp_enter(const struct seccomp_plan *plan)
{
	(void)plan;
	errno = ENOSYS;
	return -1;
}

#endif
