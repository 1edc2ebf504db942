/* sandbox_try - makes calls that the sandbox forbids, for tests. */
#include "linux/sandbox_try.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define OUTSIDE "/tmp/nat64d.test-call"

static long try_exec(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_read(void)
{
	return open("/bin/sh", O_RDONLY | O_CLOEXEC);
}

static long try_write(void)
{
	return open(OUTSIDE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static long try_bpf(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = a.value_size = sizeof(int);
	a.max_entries = 1;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

static long try_ptrace(void)
{
	return syscall(SYS_ptrace, (long)PTRACE_TRACEME, 0L, 0L, 0L);
}

static long try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long try_kill(void)
{
	return kill(getpid(), 0);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{"exec", try_exec},           {"inet-socket", try_inet}, {"read-outside", try_read},
	{"write-outside", try_write}, {"bpf", try_bpf},          {"ptrace", try_ptrace},
	{"mount", try_mount},         {"kill", try_kill},
};

#define CALLS (sizeof(calls) / sizeof(*calls))

static int find(const char *name)
{
	for (size_t i = 0; i < CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int make(int i)
{
	errno = 0;
	return calls[i].call() < 0 ? errno : 0;
}

int sandbox_try(const char *name)
{
	int i = find(name);

	return i < 0 ? -1 : make(i);
}

/* Shared with the keeper. */
static struct {
	int wanted; /* index of the call, plus one */
	int result;
	int done;
} * desk;

void sandbox_try_prepare(void)
{
	void *p = mmap(NULL, sizeof(*desk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);

	if (p != MAP_FAILED)
		desk = p;
}

int sandbox_try_in_keeper(const char *name)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	int i = find(name);

	if (i < 0 || !desk)
		return -1;
	desk->done = 0;
	__atomic_store_n(&desk->wanted, i + 1, __ATOMIC_RELEASE);
	for (int n = 0; n < 100; n++) {
		if (__atomic_load_n(&desk->done, __ATOMIC_ACQUIRE))
			return desk->result;
		nanosleep(&nap, NULL);
	}
	return -2;
}

void sandbox_try_wanted(void *arg)
{
	int i;

	(void)arg;
	i = desk ? __atomic_exchange_n(&desk->wanted, 0, __ATOMIC_ACQ_REL) : 0;
	if (i == 0)
		return;
	desk->result = make(i - 1);
	__atomic_store_n(&desk->done, 1, __ATOMIC_RELEASE);
}
