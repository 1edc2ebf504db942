/* check_seccomp - runs the program of the filter in an interpreter, so that each system call can be
 * tried on every machine, and enters the filter where the kernel has one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/linux/seccomp_filter.h"
#include "support/run.h"

#ifndef SECCOMP_ARCH
#define SECCOMP_ARCH 0 /* there is no filter, so this test fails */
#endif

/* --- the interpreter ------------------------------------------------------------------------- */

/* The plans for which a program is made. */
enum plan {
	PLAIN,
	NETLINK,
	MAPS,
	HELPER,
	PLANS
};

static const struct seccomp_plan plans[PLANS] = {
	[PLAIN] = {.who = SECCOMP_DAEMON},
	[NETLINK] = {.who = SECCOMP_DAEMON, .netlink = true},
	[MAPS] = {.who = SECCOMP_DAEMON, .bpf = true},
	[HELPER] = {.who = SECCOMP_KEEPER, .netlink = true, .bpf = true},
};

static struct program {
	struct sock_filter at[SECCOMP_FILTER_MOST];
	size_t n;
} programs[PLANS];

static void make_programs(void)
{
	for (int p = 0; p < PLANS; p++)
		programs[p].n = seccomp_filter(&plans[p], programs[p].at);
}

static bool jumps(const struct sock_filter *i, uint32_t a)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == i->k;
	case BPF_JGE:
		return a >= i->k;
	case BPF_JSET:
		return a & i->k;
	default:
		ck_abort_msg("jump %#x", i->code);
		return false;
	}
}

static uint32_t load(const struct seccomp_data *d, uint32_t at)
{
	uint32_t v;

	ck_assert(at % sizeof(v) == 0 && at + sizeof(v) <= sizeof(*d));
	memcpy(&v, (const char *)d + at, sizeof(v));
	return v;
}

/* Runs the program as the kernel does, and returns what it decides. */
static uint32_t run(const struct program *p, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t at = 0; at < p->n; at++) {
		const struct sock_filter *i = &p->at[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			ck_assert_uint_eq(i->code, BPF_LD | BPF_W | BPF_ABS);
			a = load(d, i->k);
			break;
		case BPF_ALU:
			ck_assert(BPF_OP(i->code) == BPF_AND || BPF_OP(i->code) == BPF_SUB);
			a = BPF_OP(i->code) == BPF_AND ? a & i->k : a - i->k;
			break;
		case BPF_JMP:
			at += jumps(i, a) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->k;
		default:
			ck_abort_msg("instruction %#x", i->code);
		}
	}
	ck_abort_msg("the program ends without a decision");
	return 0;
}

static uint32_t decide(enum plan p, uint32_t arch, long nr, const uint64_t args[6])
{
	struct seccomp_data d = {.nr = (int)nr, .arch = arch};

	memcpy(d.args, args, sizeof(d.args));
	return run(&programs[p], &d);
}

/* --- single calls ---------------------------------------------------------------------------- */

/* For which plans a call is allowed. */
#define NONE       0U
#define BOTH       15U
#define DAEMON     (BOTH & ~(1U << HELPER))
#define ONLY(plan) (1U << (plan))

#define JUNK      (UINT64_C(0xdeadbeef) << 32) /* in the upper half of an argument */
#define UP(v)     ((uint64_t)(v) << 32)
#define SIGNED(v) (uint64_t)(int64_t)(int32_t)(v)

#if defined(__s390x__)
#define CLONE(flags)       \
	{                  \
		0, (flags) \
	}
#else
#define CLONE(flags)    \
	{               \
		(flags) \
	}
#endif

#ifdef __NR_mmap2
#define MMAP __NR_mmap2
#else
#define MMAP __NR_mmap
#endif

#if defined(__s390x__)
#define IN_MEMORY BOTH /* the arguments of mmap() */
#else
#define IN_MEMORY NONE
#endif

#ifdef __NR_fcntl64
#define FCNTL __NR_fcntl64
#else
#define FCNTL __NR_fcntl
#endif

#define THREAD_ID (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

static const struct row {
	const char *name;
	long nr;
	uint64_t args[6];
	unsigned allowed;
} rows[] = {
	{"read", __NR_read, {0}, BOTH},
	{"read with junk", __NR_read, {JUNK, JUNK, JUNK}, BOTH},

	{"socket of AF_UNIX", __NR_socket, {AF_UNIX}, DAEMON},
	{"socket of AF_UNIX, junk above", __NR_socket, {JUNK | AF_UNIX}, DAEMON},
	{"socket of AF_NETLINK", __NR_socket, {AF_NETLINK}, ONLY(NETLINK)},
	{"socket of AF_INET", __NR_socket, {AF_INET}, NONE},
	{"socket of AF_INET, AF_UNIX above", __NR_socket, {UP(AF_UNIX) | AF_INET}, NONE},
	{"socket of AF_INET6", __NR_socket, {AF_INET6}, NONE},
	{"socket of AF_PACKET", __NR_socket, {AF_PACKET}, NONE},
	{"socket of no family", __NR_socket, {0}, NONE},
	{"socketpair of AF_UNIX", __NR_socketpair, {AF_UNIX}, DAEMON},
	{"socketpair of AF_INET", __NR_socketpair, {AF_INET}, NONE},
#ifdef __NR_socketcall
	{"socketcall for a socket", __NR_socketcall, {SYS_SOCKET}, DAEMON},
	{"socketcall for a connection", __NR_socketcall, {SYS_CONNECT}, DAEMON},
	{"socketcall for a message", __NR_socketcall, {SYS_SENDMSG}, BOTH},
	{"socketcall for an answer", __NR_socketcall, {SYS_RECVMSG}, BOTH},
#endif

	{"bpf: read a map", __NR_bpf, {BPF_MAP_LOOKUP_ELEM}, ONLY(MAPS)},
	{"bpf: write a map", __NR_bpf, {BPF_MAP_UPDATE_BATCH}, ONLY(MAPS)},
	{"bpf: make a map", __NR_bpf, {BPF_MAP_CREATE}, NONE},
	{"bpf: make a map, read one above", __NR_bpf, {UP(BPF_MAP_LOOKUP_ELEM)}, NONE},
	{"bpf: load a program", __NR_bpf, {BPF_PROG_LOAD}, NONE},
	{"bpf: attach a program", __NR_bpf, {BPF_PROG_ATTACH}, NONE},
	{"bpf: attach a link", __NR_bpf, {BPF_LINK_CREATE}, NONE},
	{"bpf: open what is pinned", __NR_bpf, {BPF_OBJ_GET}, NONE},
	{"bpf: open a map", __NR_bpf, {BPF_MAP_GET_FD_BY_ID}, NONE},

	{"clone", __NR_clone, CLONE(SIGCHLD), DAEMON},
	{"clone, with its thread ID", __NR_clone, CLONE(SIGCHLD | THREAD_ID), DAEMON},
	{"clone without a signal", __NR_clone, CLONE(0), NONE},
	{"clone, junk above", __NR_clone, CLONE(JUNK | SIGCHLD), NONE},
	{"clone: a thread", __NR_clone, CLONE(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), NONE},
	{"clone: shared memory", __NR_clone, CLONE(CLONE_VM | SIGCHLD), NONE},
	{"clone: a user namespace", __NR_clone, CLONE(CLONE_NEWUSER | SIGCHLD), NONE},
	{"clone: a user namespace, SIGCHLD above", __NR_clone, CLONE(UP(SIGCHLD) | CLONE_NEWUSER),
	 NONE},
	{"clone: a network namespace", __NR_clone, CLONE(CLONE_NEWNET | SIGCHLD), NONE},

	{"kill: end a process", __NR_kill, {4711, SIGKILL}, DAEMON},
	{"kill: end a process, junk above", __NR_kill, {JUNK | 4711, JUNK | SIGKILL}, DAEMON},
	{"kill: end the highest", __NR_kill, {INT32_MAX, SIGKILL}, DAEMON},
	{"kill: ask a process to end", __NR_kill, {4711, SIGTERM}, NONE},
	{"kill: SIGTERM, SIGKILL above", __NR_kill, {4711, UP(SIGKILL) | SIGTERM}, NONE},
	{"kill: stop a process", __NR_kill, {4711, SIGSTOP}, NONE},
	{"kill: reload a process", __NR_kill, {4711, SIGHUP}, NONE},
	{"kill: look for a process", __NR_kill, {4711, 0}, NONE},
	{"kill: end the own group", __NR_kill, {0, SIGKILL}, NONE},
	{"kill: end the own group, a process above", __NR_kill, {UP(4711), SIGKILL}, NONE},
	{"kill: end all", __NR_kill, {SIGNED(-1), SIGKILL}, NONE},
	{"kill: end all, zero above", __NR_kill, {UINT32_MAX, SIGKILL}, NONE},
	{"kill: end a group", __NR_kill, {SIGNED(-4711), SIGKILL}, NONE},
	{"kill: end the highest group", __NR_kill, {SIGNED(INT32_MIN), SIGKILL}, NONE},
	{"tgkill: abort", __NR_tgkill, {1, 1, SIGABRT}, BOTH},
	{"tgkill: end", __NR_tgkill, {1, 1, SIGKILL}, NONE},
	{"tgkill: end, SIGABRT above", __NR_tgkill, {1, 1, UP(SIGABRT) | SIGKILL}, NONE},
	{"tkill", __NR_tkill, {1, SIGABRT}, NONE},

	{"mmap", MMAP, {0, 4096, PROT_READ | PROT_WRITE}, BOTH},
	{"mmap: code", MMAP, {0, 4096, PROT_READ | PROT_EXEC}, IN_MEMORY},
	{"mmap: code, junk above", MMAP, {0, 4096, JUNK | PROT_EXEC}, IN_MEMORY},
	{"mprotect", __NR_mprotect, {0, 4096, PROT_READ}, DAEMON},
	{"mprotect: code", __NR_mprotect, {0, 4096, PROT_READ | PROT_EXEC}, NONE},
#ifdef __NR_pkey_mprotect
	{"pkey_mprotect", __NR_pkey_mprotect, {0, 4096, PROT_READ}, NONE},
#endif

	{"prctl: name", __NR_prctl, {PR_SET_NAME}, BOTH},
	{"prctl: no new rights", __NR_prctl, {PR_SET_NO_NEW_PRIVS}, BOTH},
	{"prctl: dumpable", __NR_prctl, {PR_SET_DUMPABLE}, NONE},
	{"prctl: dumpable, name above", __NR_prctl, {UP(PR_SET_NAME) | PR_SET_DUMPABLE}, NONE},
	{"prctl: capabilities", __NR_prctl, {PR_CAPBSET_DROP}, NONE},
	{"prctl: memory", __NR_prctl, {PR_SET_MM}, NONE},

	{"ioctl: the device", __NR_ioctl, {0, (uint32_t)TUNGETIFF}, BOTH},
	{"ioctl: the device, as an int", __NR_ioctl, {0, SIGNED(TUNGETIFF)}, BOTH},
	{"ioctl: another device", __NR_ioctl, {0, TUNSETIFF}, NONE},
	{"ioctl: input of a terminal", __NR_ioctl, {0, TIOCSTI}, NONE},
	{"ioctl: an address", __NR_ioctl, {0, SIOCSIFADDR}, NONE},
	{"ioctl: an address, a name above", __NR_ioctl, {0, UP(SIOCGIFNAME) | SIOCSIFADDR}, NONE},

	{"fcntl: flags", FCNTL, {0, F_GETFL}, BOTH},
	{"fcntl: a copy", FCNTL, {0, F_DUPFD}, NONE},
	{"fcntl: an owner, who gets a signal", FCNTL, {0, F_SETOWN}, NONE},

	{"execve", __NR_execve, {0}, NONE},
	{"execveat", __NR_execveat, {0}, NONE},
	{"ptrace", __NR_ptrace, {0}, NONE},
	{"process_vm_readv", __NR_process_vm_readv, {0}, NONE},
	{"process_vm_writev", __NR_process_vm_writev, {0}, NONE},
	{"mount", __NR_mount, {0}, NONE},
	{"umount2", __NR_umount2, {0}, NONE},
	{"open_by_handle_at", __NR_open_by_handle_at, {0}, NONE},
	{"unshare", __NR_unshare, {0}, NONE},
	{"setns", __NR_setns, {0}, NONE},
	{"chroot", __NR_chroot, {0}, NONE},
	{"pivot_root", __NR_pivot_root, {0}, NONE},
	{"setuid", __NR_setuid, {0}, NONE},
	{"setresuid", __NR_setresuid, {0}, NONE},
	{"capset", __NR_capset, {0}, NONE},
	{"link", __NR_linkat, {0}, NONE},
	{"symlink", __NR_symlinkat, {0}, NONE},
	{"mknod", __NR_mknodat, {0}, NONE},
	{"memfd_create", __NR_memfd_create, {0}, NONE},
	{"userfaultfd", __NR_userfaultfd, {0}, NONE},
	{"perf_event_open", __NR_perf_event_open, {0}, NONE},
	{"keyctl", __NR_keyctl, {0}, NONE},
	{"init_module", __NR_init_module, {0}, NONE},
	{"kexec_load", __NR_kexec_load, {0}, NONE},
	{"reboot", __NR_reboot, {0}, NONE},
	{"personality", __NR_personality, {0}, NONE},
	{"prlimit64", __NR_prlimit64, {0}, NONE},
	{"io_uring_setup", 425, {0}, NONE},
	{"pidfd_getfd", 438, {0}, NONE},
#ifdef __NR_vfork
	{"vfork", __NR_vfork, {0}, NONE},
#endif
	{"a call of the future", 1023, {0}, NONE},
};

START_TEST(single)
{
	const struct row *r = &rows[_i];

	for (int p = 0; p < PLANS; p++) {
		uint32_t want = r->allowed & ONLY(p) ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;

		ck_assert_msg(decide((enum plan)p, SECCOMP_ARCH, r->nr, r->args) == want,
			      "%s: plan %d", r->name, p);
	}
}
END_TEST

/* A C library uses clone() if the kernel does not know clone3(), whose arguments are in memory. */
START_TEST(absent)
{
	const uint64_t args[6] = {0};

	ck_assert_uint_eq(decide(PLAIN, SECCOMP_ARCH, 435, args), SECCOMP_RET_ERRNO | ENOSYS);
	ck_assert_uint_eq(decide(HELPER, SECCOMP_ARCH, 435, args), SECCOMP_RET_TRAP);
}
END_TEST

/* --- all calls ------------------------------------------------------------------------------- */

static const struct call {
	long nr;
	const char *who, *check;
} table[] = {
#define CALL(name, who, check) {__NR_##name, #who, #check},
#include "../../src/linux/seccomp_calls.h"
#undef CALL
};

static const struct call *find(long nr)
{
	for (int i = 0; i < ROWS(table); i++)
		if (table[i].nr == nr)
			return &table[i];
	return NULL;
}

static bool may_use(enum plan p, const struct call *c)
{
	return c && (p != HELPER || strcmp(c->who, "DAEMON") != 0);
}

/* A call without a check is allowed with any arguments, and every call that is not in the table is
 * refused with any. */
START_TEST(all)
{
	const uint64_t args[][6] = {
		{0},
		{1, 1, 1, 1, 1, 1},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	enum plan p = (enum plan)_i;

	for (long nr = 0; nr < 4096; nr++) {
		const struct call *c = find(nr);
		bool may = may_use(p, c);

		for (int a = 0; a < ROWS(args) && (!may || strcmp(c->check, "ANY") == 0); a++)
			ck_assert_msg(decide(p, SECCOMP_ARCH, nr, args[a]) ==
					      (may ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP),
				      "call %ld, plan %d, arguments %d", nr, p, a);
	}
}
END_TEST

/* The same numbers mean other calls there. */
START_TEST(other_architecture)
{
	static const uint32_t others[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64,
					  AUDIT_ARCH_ARM,    AUDIT_ARCH_RISCV64, AUDIT_ARCH_RISCV32,
					  AUDIT_ARCH_S390X,  AUDIT_ARCH_S390};
	const uint64_t args[6] = {0};
	enum plan p = (enum plan)_i;

	for (int i = 0; i < ROWS(others); i++)
		for (long nr = 0; nr < 4096 && others[i] != SECCOMP_ARCH; nr++)
			ck_assert_uint_eq(decide(p, others[i], nr, args), SECCOMP_RET_KILL_PROCESS);
#ifdef SECCOMP_X32
	for (long nr = 0; nr < 4096; nr++)
		ck_assert_uint_eq(decide(p, SECCOMP_ARCH, SECCOMP_X32 | nr, args),
				  SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(decide(p, SECCOMP_ARCH, -1, args), SECCOMP_RET_KILL_PROCESS);
#endif
}
END_TEST

/* The jumps over the arguments of a call have eight bits, and the program has an end. */
START_TEST(size)
{
	const struct program *p = &programs[_i];

	ck_assert(p->n > 100 && p->n < SECCOMP_FILTER_MOST);
	ck_assert_uint_eq(p->at[p->n - 1].code, BPF_RET | BPF_K);
	ck_assert_uint_eq(p->at[p->n - 1].k, SECCOMP_RET_TRAP);
}
END_TEST

/* --- inside the filter ----------------------------------------------------------------------- */

/* An emulator of another machine has no filter. */
/* The sanitizers need calls that the daemon does not. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static bool has_filter(void)
{
	return !SANITIZED && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

/* Runs BODY in a child, and returns its status. */
static int status_of(void (*body)(void))
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		body();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static void enter(const struct seccomp_plan *plan)
{
	if (seccomp_prepare() < 0 || seccomp_enter(plan) < 0)
		_exit(100);
}

static const struct attempt {
	long nr;
	unsigned long args[3];
} forbidden[] = {
	{__NR_execve, {0}},
	{__NR_socket, {AF_INET, SOCK_DGRAM}},
	{__NR_ptrace, {0}},
	{__NR_bpf, {BPF_PROG_LOAD}},
	{__NR_mount, {0}},
	{__NR_open_by_handle_at, {0}},
	{__NR_clone, CLONE(CLONE_NEWUSER | SIGCHLD)},
	{__NR_kill, {1, 0}},
};

static long make(const struct attempt *a)
{
	return syscall(a->nr, a->args[0], a->args[1], a->args[2], 0UL, 0UL);
}

/* Returns true if exactly the forbidden calls were recorded, each once. */
static bool recorded(enum seccomp_who by)
{
	bool seen[ROWS(forbidden)] = {false};
	enum seccomp_who who;
	int n = 0, i;
	long call;

	for (; seccomp_next(&who, &call); n++) {
		for (i = 0; i < ROWS(forbidden) && forbidden[i].nr != call; i++)
			;
		if (i == ROWS(forbidden) || seen[i] || who != by)
			return false;
		seen[i] = true;
	}
	return n == ROWS(forbidden);
}

static void try_all(enum seccomp_who who)
{
	for (int twice = 0; twice < 2; twice++)
		for (int i = 0; i < ROWS(forbidden); i++) {
			errno = 0;
			if (make(&forbidden[i]) != -1 || errno != EPERM)
				_exit(1 + i);
		}
	if (!recorded(who))
		_exit(50);
}

static void daemon_fails(void)
{
	enter(&plans[PLAIN]);
	if (syscall(__NR_socket, AF_UNIX, SOCK_DGRAM, 0) < 0 || seccomp_keeper_entered())
		_exit(99);
	try_all(SECCOMP_DAEMON);
}

static void keeper_fails(void)
{
	enter(&plans[HELPER]);
	if (!seccomp_keeper_entered())
		_exit(99);
	if (syscall(__NR_getpid) < 0 || syscall(__NR_socket, AF_INET, SOCK_DGRAM, 0) != -1)
		_exit(98);
	try_all(SECCOMP_KEEPER);
}

/* A new keeper inherits the filter of the daemon. */
static void keeper_in_daemon(void)
{
	int status;
	pid_t child;

	enter(&plans[PLAIN]);
	child = fork();
	if (child == 0) {
		if (seccomp_enter(&plans[HELPER]) < 0 ||
		    syscall(__NR_socket, AF_UNIX, SOCK_DGRAM, 0) != -1 || errno != EPERM)
			_exit(1);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0 ||
	    !seccomp_keeper_entered())
		_exit(1);
}

START_TEST(fails)
{
	if (!has_filter())
		return;
	ck_assert_int_eq(status_of(daemon_fails), 0);
	ck_assert_int_eq(status_of(keeper_fails), 0);
	ck_assert_int_eq(status_of(keeper_in_daemon), 0);
}
END_TEST

static int said[2]; /* a pipe */
static long attempted;

static void say(enum seccomp_who who, long call)
{
	(void)!write(said[1], &(long[2]){(long)who, call}, sizeof(long[2]));
}

static void is_killed(void)
{
	struct seccomp_plan strict = plans[PLAIN];

	strict.kill = true;
	strict.last_words = say;
	enter(&strict);
	(void)!make(&forbidden[attempted]);
}

START_TEST(kills)
{
	long words[2];
	int status;

	if (!has_filter())
		return;
	attempted = _i;
	ck_assert_int_eq(pipe(said), 0);
	status = status_of(is_killed);
	close(said[1]);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	ck_assert_int_eq(read(said[0], words, sizeof(words)), sizeof(words));
	ck_assert_int_eq(words[0], SECCOMP_DAEMON);
	ck_assert_int_eq(words[1], forbidden[_i].nr);
	ck_assert_int_eq(read(said[0], words, sizeof(words)), 0);
}
END_TEST

#ifdef SECCOMP_X32
static void uses_x32(void)
{
	enter(&plans[PLAIN]);
	syscall(SECCOMP_X32 | __NR_getpid);
}

/* Even if a forbidden call only fails. */
START_TEST(x32_kills)
{
	int status;

	if (!has_filter())
		return;
	status = status_of(uses_x32);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
END_TEST
#endif

int main(void)
{
	Suite *s = suite_create("seccomp");
	TCase *t = tcase_create("seccomp");

	tcase_add_checked_fixture(t, make_programs, NULL);
	tcase_add_loop_test(t, single, 0, ROWS(rows));
	tcase_add_test(t, absent);
	tcase_add_loop_test(t, all, 0, PLANS);
	tcase_add_loop_test(t, other_architecture, 0, PLANS);
	tcase_add_loop_test(t, size, 0, PLANS);
	tcase_add_test(t, fails);
	tcase_add_loop_test(t, kills, 0, ROWS(forbidden));
#ifdef SECCOMP_X32
	tcase_add_test(t, x32_kills);
#endif
	suite_add_tcase(s, t);
	return run_suite(s);
}
