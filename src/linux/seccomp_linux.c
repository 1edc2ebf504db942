/* seccomp_linux - makes the filter from the table of calls, and handles the signal that a forbidden
 * call raises. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "linux/seccomp_linux.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule       445
#define __NR_landlock_restrict_self  446
#endif

/* For each architecture: its number in the kernel, and where a signal handler finds the result of
 * the call that raised the signal. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH      AUDIT_ARCH_X86_64
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_RAX])
#define X32_BIT   0x40000000U
#elif defined(__i386__)
#define ARCH      AUDIT_ARCH_I386
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_EAX])
#elif defined(__aarch64__)
#define ARCH      AUDIT_ARCH_AARCH64
#define RESULT(u) ((u)->uc_mcontext.regs[0])
#elif defined(__arm__) && defined(__ARMEL__)
#define ARCH      AUDIT_ARCH_ARM
#define RESULT(u) ((u)->uc_mcontext.arm_r0)
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH      AUDIT_ARCH_RISCV64
#define RESULT(u) ((u)->uc_mcontext.__gregs[10])
#elif defined(__s390x__)
#define ARCH      AUDIT_ARCH_S390X
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

#ifdef ARCH

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

/* --- the filter --------------------------------------------------------------------------- */

/* What the C library needs: for memory, for files that it opens, at the end of a process, and when
 * it forks or aborts. */
/* seccomp: both: brk, mmap, munmap, madvise, close, read, write, writev, lseek, newfstatat, fcntl,
 * ioctl, exit, exit_group, rt_sigreturn, restart_syscall, getpid, gettid, tgkill */
/* seccomp: daemon: mremap, mprotect, sysinfo, readlink, readlinkat */
/* seccomp: keeper: set_robust_list; in a new process */
/* seccomp: keeper: sendto, recvfrom, socketcall; instead of sendmsg and recvmsg */
/* seccomp: daemon: prctl, rt_sigaction; for a new keeper, which inherits the filter */
enum check {
	ANY,
	ABSENT, /* as if the kernel did not know the call; the C library has another way */
	FORK,
	SOCKET,
	BPF,
	PRCTL,
	IOCTL,
	FCNTL,
	NO_EXEC,
	ABORT,
	SIGNAL_9,
};

enum who {
	DAEMON = 1,
	KEEPER = 2,
	BOTH = 3,
};

static const struct call {
	uint32_t nr;
	enum who who;
	enum check check;
} calls[] = {
#define CALL(name, who, check) {__NR_##name, (who), (check)},
#include "seccomp_calls.h"
#undef CALL
};

#define CALLS (sizeof(calls) / sizeof(*calls))

struct filter {
	struct sock_filter at[BPF_MAXINSNS / 4];
	uint16_t n;
};

static void add(struct filter *f, int code, uint32_t k, unsigned yes, unsigned no)
{
	if (f->n < sizeof(f->at) / sizeof(*f->at))
		f->at[f->n++] = (struct sock_filter){(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void load(struct filter *f, size_t at)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

/* The kernel ignores the upper half of these arguments, or the lower half decides. */
static void load_arg(struct filter *f, unsigned i)
{
	const uint16_t one = 1;
	size_t low = *(const uint8_t *)&one ? 0 : sizeof(uint32_t);

	load(f, offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + low);
}

static void end(struct filter *f, uint32_t result)
{
	add(f, BPF_RET | BPF_K, result, 0, 0);
}

static void allow_if(struct filter *f, uint32_t value)
{
	add(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	end(f, SECCOMP_RET_ALLOW);
}

#if defined(__s390x__)
#define CLONE_FLAGS 1 /* the first two arguments of clone() are swapped */
#else
#define CLONE_FLAGS 0
#endif

/* A child process that shares nothing; glibc and musl set the flags of its thread ID or not. */
static void check_fork(struct filter *f)
{
	load_arg(f, CLONE_FLAGS);
	add(f, BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID), 0,
	    0);
	allow_if(f, SIGCHLD);
}

static void check_socket(struct filter *f, const struct seccomp_plan *plan)
{
	load_arg(f, 0);
	allow_if(f, AF_UNIX);
	if (plan->netlink)
		allow_if(f, AF_NETLINK);
}

static void check_bpf(struct filter *f, const struct seccomp_plan *plan)
{
	load_arg(f, 0);
	if (!plan->bpf)
		return;
	allow_if(f, BPF_MAP_LOOKUP_ELEM);
	allow_if(f, BPF_MAP_UPDATE_BATCH);
}

static void check_prot(struct filter *f)
{
	load_arg(f, 2);
	add(f, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
	end(f, SECCOMP_RET_ALLOW);
}

/* Calls of which one argument must have one of a few values. */
static const struct {
	unsigned arg;
	unsigned n;
	uint32_t value[6];
} few[] = {
	[PRCTL] = {0, 2, {PR_SET_NAME, PR_SET_NO_NEW_PRIVS}},
	[IOCTL] = {1,
		   6,
		   {(uint32_t)TUNGETIFF, (uint32_t)TUNSETPERSIST, (uint32_t)TUNSETOFFLOAD,
		    SIOCGIFNAME, SIOCGIFINDEX,
		    0x5413}}, /* TIOCGWINSZ: musl, when it opens a file for writing */
	[FCNTL] = {1, 4, {F_GETFL, F_SETFL, F_GETFD, F_SETFD}},
	[ABORT] = {2, 1, {SIGABRT}},
	[SIGNAL_9] = {1, 1, {SIGKILL}}, /* only to end a keeper that hangs */
};

static void check_few(struct filter *f, enum check check)
{
	load_arg(f, few[check].arg);
	for (unsigned i = 0; i < few[check].n; i++)
		allow_if(f, few[check].value[i]);
}

static void check_args(struct filter *f, enum check check, const struct seccomp_plan *plan)
{
	switch (check) {
	case ANY:
		end(f, SECCOMP_RET_ALLOW);
		return;
	case ABSENT:
		end(f, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case FORK:
		check_fork(f);
		break;
	case SOCKET:
		check_socket(f, plan);
		break;
	case BPF:
		check_bpf(f, plan);
		break;
	case NO_EXEC:
		check_prot(f);
		break;
	case PRCTL:
	case IOCTL:
	case FCNTL:
	case ABORT:
	case SIGNAL_9:
		check_few(f, check);
		break;
	}
	end(f, SECCOMP_RET_TRAP);
}

static void add_call(struct filter *f, const struct call *c, const struct seccomp_plan *plan)
{
	uint16_t jump = f->n;

	add(f, BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, 0);
	check_args(f, c->check, plan);
	f->at[jump].jf = (uint8_t)(f->n - jump - 1);
}

/* A call of another architecture kills the process: its number has another meaning. */
static void make(struct filter *f, const struct seccomp_plan *plan)
{
	f->n = 0;
	load(f, offsetof(struct seccomp_data, arch));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	end(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
	add(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	end(f, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < CALLS; i++)
		if (plan->who == SECCOMP_DAEMON || (calls[i].who & KEEPER))
			add_call(f, &calls[i], plan);
	end(f, SECCOMP_RET_TRAP);
}

/* seccomp: keeper: prctl, seccomp, rt_sigaction, rt_sigprocmask */
int seccomp_enter(const struct seccomp_plan *plan)
{
	struct sock_fprog prog;
	struct filter f;

	if (!record) {
		errno = ENOMEM;
		return -1;
	}
	if (plan->who == SECCOMP_KEEPER)
		record->keeper = 0;
	inside = *plan;
	make(&f, plan);
	prog = (struct sock_fprog){f.n, f.at};
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
