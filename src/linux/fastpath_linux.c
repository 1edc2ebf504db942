/* fastpath_linux - loads the program by bpf(2) and attaches it to the device, by a tcx link or on
 * older kernels by a tc filter. */
#include "linux/fastpath_linux.h"

#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fastpath_code.h"
#include "lib/fd.h"
#include "linux/sandbox.h"
#include "linux/tc.h"

#define TCX_EGRESS 47 /* enum bpf_attach_type since Linux 6.6 */
#define NAME       "nat64d"
#define CODE       (sizeof(fastpath_code) / sizeof(*fastpath_code))
#define PLACES     (sizeof(fastpath_places) / sizeof(*fastpath_places))
#define CPUS_MAX   8192
#define ID_STEP    256 /* Identifications that the program may use while a pair is updated */
#define REDIRECT   7   /* TC_ACT_REDIRECT */

enum map { /* same numbers as in fastpath_code.h */
	SHARED,
	PAIRS4,
	PAIRS6,
	SCRATCH,
	FLOWS,
	MAPS
};

struct fastpath {
	int map[MAPS], prog, link;
	unsigned index; /* of the device that has the filter; 0: none */
	unsigned cpus, leases;
	union fastpath_element *shared;
};

/* ATTR must be zeroed by memset().  An initializer leaves the bytes after the initialized union
 * member undefined (clang, and gcc since 15), and then the kernel rejects it. */
static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t at(const void *p)
{
	return (uintptr_t)p;
}

/* Fills MASK with the CPUs on which we may run.  Returns its length in bytes, or -1. */
static long get_mask(uint8_t mask[CPUS_MAX / 8])
{
	return syscall(SYS_sched_getaffinity, 0, CPUS_MAX / 8, mask);
}

/* Returns an upper bound of the number of CPUs without using a file system: the number of bits in a
 * CPU mask. */
static unsigned count_cpus(void)
{
	uint8_t mask[CPUS_MAX / 8];
	long bytes = get_mask(mask);

	return bytes > 0 ? (unsigned)bytes * 8 : CPUS_MAX;
}

/* seccomp: daemon: sched_getaffinity */
unsigned fastpath_may_run_on(void)
{
	uint8_t mask[CPUS_MAX / 8];
	long bytes = get_mask(mask);
	unsigned n = 0;

	for (long i = 0; i < bytes; i++)
		n += (unsigned)__builtin_popcount(mask[i]);
	return n;
}

static int new_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t n, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	a.map_flags = flags;
	memcpy(a.map_name, NAME, sizeof(NAME));
	return bpf(BPF_MAP_CREATE, &a);
}

static size_t shared_size(const struct fastpath *f)
{
	return (1 + (size_t)f->cpus + f->leases) * sizeof(*f->shared);
}

/* seccomp: daemon: mmap */
static bool map_shared(struct fastpath *f)
{
	f->shared =
		mmap(NULL, shared_size(f), PROT_READ | PROT_WRITE, MAP_SHARED, f->map[SHARED], 0);
	if (f->shared != MAP_FAILED)
		return true;
	f->shared = NULL;
	return false;
}

static bool new_maps(struct fastpath *f, unsigned entries)
{
	unsigned elements = 1 + f->cpus + f->leases;

	f->map[SHARED] = new_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(*f->shared), elements,
				 BPF_F_MMAPABLE);
	f->map[PAIRS4] = new_map(BPF_MAP_TYPE_LRU_HASH, sizeof(struct fastpath_key4),
				 sizeof(struct fastpath_4to6), entries / 2, 0);
	f->map[PAIRS6] = new_map(BPF_MAP_TYPE_LRU_HASH, sizeof(struct fastpath_key6),
				 sizeof(struct fastpath_6to4), entries / 2, 0);
	f->map[SCRATCH] =
		new_map(BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), FASTPATH_SCRATCH, 1, 0);
	f->map[FLOWS] = new_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct fastpath_wait),
				FASTPATH_FLOWS, 0);
	for (int i = 0; i < MAPS; i++)
		if (f->map[i] < 0)
			return false;
	return map_shared(f);
}

static int load_program(const struct fastpath *f)
{
	uint64_t code[CODE];
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	a.insn_cnt = CODE;
	a.insns = at(code);
	a.license = at("BSD");
	memcpy(a.prog_name, NAME, sizeof(NAME));
	memcpy(code, fastpath_code, sizeof(code));
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t *insn = &code[fastpath_places[i].at];

		*insn |= (uint64_t)BPF_PSEUDO_MAP_FD << 12;
		*insn |= (uint64_t)(unsigned)f->map[fastpath_places[i].map] << 32;
	}
	return bpf(BPF_PROG_LOAD, &a);
}

static bool is_little_endian(void)
{
	const uint16_t one = 1;

	return *(const uint8_t *)&one == 1;
}

/* Describes errno after a failed bpf() for the operator. */
static void explain(char *err, const char *what)
{
	if (errno == EPERM)
		snprintf(err, FASTPATH_ERR,
			 "%s: not permitted (nat64d needs CAP_BPF and CAP_NET_ADMIN at the start, "
			 "and its container or system call filter must allow bpf)",
			 what);
	else if (errno == ENOSYS)
		snprintf(err, FASTPATH_ERR, "%s: this kernel does not support bpf", what);
	else
		snprintf(err, FASTPATH_ERR, "%s: %s", what, strerror(errno));
}

struct fastpath *fastpath_load(unsigned entries, unsigned leases, char *err)
{
	struct fastpath *f;

	if (!is_little_endian() || !FASTPATH_WHOLE) {
		snprintf(err, FASTPATH_ERR, "no program is available for this CPU architecture");
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		snprintf(err, FASTPATH_ERR, "out of memory");
		return NULL;
	}
	f->prog = f->link = -1;
	for (int i = 0; i < MAPS; i++)
		f->map[i] = -1;
	f->cpus = count_cpus();
	f->leases = leases;
	if (!new_maps(f, entries))
		explain(err, "its tables");
	else if (getrandom(f->shared->control.secret, sizeof(f->shared->control.secret), 0) < 0)
		explain(err, "a secret for its tables");
	else if ((f->prog = load_program(f)) < 0)
		explain(err, "its program");
	else
		return f;
	fastpath_close(f);
	return NULL;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* seccomp: daemon: munmap, close */
void fastpath_close(struct fastpath *f)
{
	if (!f)
		return;
	if (f->shared)
		f->shared->control.alive = 0;
	if (f->index && sandbox_may_configure()) /* otherwise it needs a socket for nothing */
		tc_detach(f->index);
	close_one(f->link);
	close_one(f->prog);
	for (int i = 0; i < MAPS; i++)
		close_one(f->map[i]);
	if (f->shared)
		munmap(f->shared, shared_size(f));
	free(f);
}

static int attach_link(const struct fastpath *f, unsigned index)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)f->prog;
	a.link_create.target_fd = index;
	a.link_create.attach_type = TCX_EGRESS;
	return bpf(BPF_LINK_CREATE, &a);
}

int fastpath_attach(struct fastpath *f, unsigned index, char *err)
{
	f->link = attach_link(f, index);
	if (f->link >= 0)
		return 0;
	if (errno != EINVAL) {
		explain(err, "attaching it to the device");
		return -1;
	}
	if (tc_attach(index, f->prog, err) < 0)
		return -1;
	f->index = index;
	return 0;
}

/* The result of the loading process.  The descriptors of F accompany it, in the order of each(). */
struct report {
	struct fastpath f;
	bool ok;
	char err[FASTPATH_ERR];
};

#define DESCRIPTORS (MAPS + 2)

union control {
	char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
	struct cmsghdr align;
};

/* Returns the address of descriptor number I. */
static int *each(struct fastpath *f, int i)
{
	return i < MAPS ? &f->map[i] : i == MAPS ? &f->prog : &f->link;
}

/* If the program is attached by a filter, there is no link. */
static int count_descriptors(const struct fastpath *f)
{
	return f->link < 0 ? DESCRIPTORS - 1 : DESCRIPTORS;
}

static void send_report(int sock, struct report *r)
{
	union control control;
	struct iovec iov = {.iov_base = r, .iov_len = sizeof(*r)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int n = r->ok ? count_descriptors(&r->f) : 0;

	memset(&control, 0, sizeof(control));
	if (n > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = n == DESCRIPTORS ? CMSG_LEN(sizeof(int[DESCRIPTORS]))
							  : CMSG_LEN(sizeof(int[DESCRIPTORS - 1]));
	}
	for (int i = 0; i < n; i++)
		memcpy(CMSG_DATA(&control.align) + (size_t)i * sizeof(int), each(&r->f, i),
		       sizeof(int));
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* This process must not hold the device open, since another daemon may need it at once. */
static void open_and_report(int sock, const struct fastpath_plan *plan)
{
	struct report r;
	struct fastpath *f;

	memset(&r, 0, sizeof(r));
	f = fastpath_load(plan->entries, plan->leases, r.err);
	r.ok = f && plan->try(f, r.err) == 0 && fastpath_attach(f, plan->index, r.err) == 0;
	if (r.ok)
		r.f = *f;
	send_report(sock, &r);
}

int fastpath_open_aside(struct fastpath_opening *o, const struct fastpath_plan *plan)
{
	int ends[2];

	o->pid = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	o->pid = fork();
	if (o->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd_close_between(0, ends[1] - 1);
		fd_close_between(ends[1] + 1, INT32_MAX);
		open_and_report(ends[1], plan);
		_exit(0);
	}
	close(ends[1]);
	o->fd = ends[0];
	if (o->pid > 0)
		return 0;
	o->pid = 0;
	close(o->fd);
	return -1;
}

/* False if the process ended without a report. */
static bool receive_report(int sock, struct report *r)
{
	union control control;
	struct iovec iov = {.iov_base = r, .iov_len = sizeof(*r)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	c = n == sizeof(*r) ? CMSG_FIRSTHDR(&msg) : NULL;
	for (int i = 0; c && i < count_descriptors(&r->f); i++)
		memcpy(each(&r->f, i), CMSG_DATA(c) + (size_t)i * sizeof(int), sizeof(int));
	return n == sizeof(*r) && (c || !r->ok);
}

/* Maps the shared memory in this process. */
static struct fastpath *take(struct report *r, char *err)
{
	struct fastpath *f;

	memcpy(err, r->err, sizeof(r->err));
	if (!r->ok)
		return NULL;
	f = malloc(sizeof(*f));
	if (!f) {
		for (int i = 0; i < count_descriptors(&r->f); i++)
			close(*each(&r->f, i));
		snprintf(err, FASTPATH_ERR, "out of memory");
		return NULL;
	}
	*f = r->f;
	if (map_shared(f))
		return f;
	explain(err, "its tables");
	fastpath_close(f);
	return NULL;
}

/* seccomp: daemon: recvmsg, wait4 */
struct fastpath *fastpath_opened(struct fastpath_opening *o, char *err)
{
	struct report r;
	bool heard = receive_report(o->fd, &r);

	close(o->fd);
	waitpid(o->pid, NULL, 0);
	o->pid = 0;
	if (heard)
		return take(&r, err);
	snprintf(err, FASTPATH_ERR, "the process that loads it died");
	return NULL;
}

bool fastpath_must_watch(const struct fastpath *f)
{
	return f->index != 0;
}

struct fastpath_control *fastpath_control(const struct fastpath *f)
{
	return &f->shared->control;
}

const union fastpath_element *fastpath_totals(const struct fastpath *f, unsigned *n)
{
	*n = f->cpus;
	return f->shared + 1;
}

unsigned fastpath_first_lease(const struct fastpath *f)
{
	return 1 + f->cpus;
}

union fastpath_element *fastpath_leases(const struct fastpath *f, unsigned *n)
{
	*n = f->leases;
	return f->shared + fastpath_first_lease(f);
}

/* seccomp: daemon: bpf */
static int put(int map, const void *key, const void *value, unsigned n)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (uint32_t)map;
	a.batch.keys = at(key);
	a.batch.values = at(value);
	a.batch.count = n;
	return bpf(BPF_MAP_UPDATE_BATCH, &a);
}

/* Sets OLD to the value of KEY.  False if there is none. */
/* seccomp: daemon: bpf */
static bool find(int map, const void *key, void *old)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)map;
	a.key = at(key);
	a.value = at(old);
	return bpf(BPF_MAP_LOOKUP_ELEM, &a) == 0;
}

/* Returns true if PAIR is different from its current value WAS.  Identifications continue after
 * those that the program has used. */
static bool is_new(struct fastpath_pair *pair, const struct fastpath_pair *was)
{
	pair->id = was->id + ID_STEP;
	return was->generation != pair->generation || was->lease != pair->lease ||
	       was->lease_generation != pair->lease_generation;
}

int fastpath_put4(const struct fastpath *f, struct fastpath_key4 *key, struct fastpath_4to6 *to,
		  unsigned n)
{
	struct fastpath_4to6 old;
	uint32_t words[2];
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		if (find(f->map[PAIRS4], &key[i], &old) && !is_new(&to[i].pair, &old.pair))
			continue;
		memcpy(words, &key[i], sizeof(words));
		to[i].tag = to[i].pair.tag = fastpath_tag4(words, f->shared->control.secret);
		key[left] = key[i];
		to[left++] = to[i];
	}
	return left ? put(f->map[PAIRS4], key, to, left) : 0;
}

int fastpath_put6(const struct fastpath *f, struct fastpath_key6 *key, struct fastpath_6to4 *to,
		  unsigned n)
{
	struct fastpath_6to4 old;
	uint64_t words[4];
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		if (find(f->map[PAIRS6], &key[i], &old) && !is_new(&to[i].pair, &old.pair))
			continue;
		memcpy(words, &key[i], sizeof(words));
		to[i].tag = to[i].pair.tag = fastpath_tag6(words, f->shared->control.secret);
		key[left] = key[i];
		to[left++] = to[i];
	}
	return left ? put(f->map[PAIRS6], key, to, left) : 0;
}

int fastpath_try(const struct fastpath *f, struct fastpath_run *run)
{
	struct __sk_buff about;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	memset(&about, 0, sizeof(about)); /* including padding */
	about.gso_size = run->seg;
	about.wire_len = run->wire;
	a.test.prog_fd = (uint32_t)f->prog;
	a.test.data_in = at(run->in);
	a.test.data_size_in = run->len;
	a.test.data_out = at(run->out);
	a.test.data_size_out = run->len + 20;
	a.test.ctx_in = at(&about);
	a.test.ctx_size_in = sizeof(about);
	a.test.repeat = 1;
	if (bpf(BPF_PROG_TEST_RUN, &a) < 0)
		return -1;
	run->out_len = a.test.data_size_out;
	run->taken = a.test.retval == REDIRECT;
	return 0;
}
