/* seccomp_filter - makes the program from the table of calls. */
#include "seccomp_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef SECCOMP_ARCH

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
	END_ONE,
	SOCKETCALL,
#if defined(__s390x__)
	MMAP = ANY, /* its arguments are in memory, which the filter cannot read */
#else
	MMAP = NO_EXEC,
#endif
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
	struct sock_filter *at;
	size_t n;
};

static void add(struct filter *f, int code, uint32_t k, unsigned yes, unsigned no)
{
	if (f->n < SECCOMP_FILTER_MOST)
		f->at[f->n++] = (struct sock_filter){(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void load(struct filter *f, size_t at)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

/* UPPER and LOWER are the halves of an argument.  Where the kernel takes an int, a C library may
 * leave anything in the upper half. */
enum half {
	LOWER,
	UPPER,
};

static void load_arg(struct filter *f, unsigned i, enum half half)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one;
	size_t at = (half == UPPER) == little ? sizeof(uint32_t) : 0;

	load(f, offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + at);
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

/* A child process that shares nothing; glibc and musl set the flags of its thread ID or not.  Some
 * kernels know flags in the upper half. */
static void check_fork(struct filter *f)
{
	load_arg(f, CLONE_FLAGS, UPPER);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	end(f, SECCOMP_RET_TRAP);
	load_arg(f, CLONE_FLAGS, LOWER);
	add(f, BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID), 0,
	    0);
	allow_if(f, SIGCHLD);
}

static void check_socket(struct filter *f, const struct seccomp_plan *plan)
{
	load_arg(f, 0, LOWER);
	allow_if(f, AF_UNIX);
	if (plan->netlink)
		allow_if(f, AF_NETLINK);
}

static void check_bpf(struct filter *f, const struct seccomp_plan *plan)
{
	if (!plan->bpf)
		return;
	load_arg(f, 0, LOWER);
	allow_if(f, BPF_MAP_LOOKUP_ELEM);
	allow_if(f, BPF_MAP_UPDATE_BATCH);
}

/* The kernel refuses or ignores everything in the upper half. */
static void check_prot(struct filter *f)
{
	load_arg(f, 2, LOWER);
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
	[END_ONE] = {1, 1, {SIGKILL}}, /* only to end a keeper that hangs */
	[SOCKETCALL] = {0,
			6,
			{SYS_SEND, SYS_RECV, SYS_SENDTO, SYS_RECVFROM, SYS_SENDMSG, SYS_RECVMSG}},
};

static void check_few(struct filter *f, enum check check)
{
	load_arg(f, few[check].arg, LOWER);
	for (unsigned i = 0; i < few[check].n; i++)
		allow_if(f, few[check].value[i]);
}

/* 0 and negative numbers mean groups of processes, or all of them. */
static void check_end_one(struct filter *f)
{
	load_arg(f, 0, LOWER);
	add(f, BPF_ALU | BPF_SUB | BPF_K, 1, 0, 0);
	add(f, BPF_JMP | BPF_JGE | BPF_K, INT32_MAX, 0, 1);
	end(f, SECCOMP_RET_TRAP);
	check_few(f, END_ONE);
}

/* The family of a socket is in memory, which the filter cannot read.  The keeper opens none. */
static void check_socketcall(struct filter *f, const struct seccomp_plan *plan)
{
	if (plan->who == SECCOMP_KEEPER)
		check_few(f, SOCKETCALL);
	else
		end(f, SECCOMP_RET_ALLOW);
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
	case END_ONE:
		check_end_one(f);
		break;
	case SOCKETCALL:
		check_socketcall(f, plan);
		break;
	case PRCTL:
	case IOCTL:
	case FCNTL:
	case ABORT:
		check_few(f, check);
		break;
	}
	end(f, SECCOMP_RET_TRAP);
}

static void add_call(struct filter *f, const struct call *c, const struct seccomp_plan *plan)
{
	size_t jump = f->n;

	add(f, BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, 0);
	check_args(f, c->check, plan);
	f->at[jump].jf = (uint8_t)(f->n - jump - 1);
}

/* A call of another architecture kills the process: its number has another meaning. */
size_t seccomp_filter(const struct seccomp_plan *plan, struct sock_filter at[SECCOMP_FILTER_MOST])
{
	struct filter filter = {at, 0}, *f = &filter;

	load(f, offsetof(struct seccomp_data, arch));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0);
	end(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
#ifdef SECCOMP_X32
	add(f, BPF_JMP | BPF_JGE | BPF_K, SECCOMP_X32, 0, 1);
	end(f, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < CALLS; i++)
		if (plan->who == SECCOMP_DAEMON || (calls[i].who & KEEPER))
			add_call(f, &calls[i], plan);
	end(f, SECCOMP_RET_TRAP);
	return f->n;
}

#else

size_t seccomp_filter(const struct seccomp_plan *plan, struct sock_filter at[SECCOMP_FILTER_MOST])
{
	(void)plan;
	(void)at;
	return 0;
}

#endif
