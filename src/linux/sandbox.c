/* sandbox - drops all privileges once the device is set up, and protects the memory of the process.
 */
#include "linux/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS _LINUX_CAPABILITY_U32S_3

/* The C library has no header for these two system calls, and libcap would be another dependency.
 */
static int get(struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return (int)syscall(SYS_capget, &head, data);
}

static int clear(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[WORDS] = {{0}};

	return (int)syscall(SYS_capset, &head, none);
}

/* seccomp: daemon: capget */
bool sandbox_may_configure(void)
{
	struct __user_cap_data_struct is[WORDS];

	return get(is) == 0 &&
	       (is[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN)) != 0;
}

/* Keeps all memory, also that of the keeper, which inherits this, out of a core file that somebody
 * with more rights makes, for example with gcore: there are keys in the heap and in the map of the
 * fast path, and packets.  madvise(MADV_DONTDUMP) would leave out only the pages that we name.
 * Where /proc is missing, only the rest of sandbox_hide() holds. */
static void empty_cores(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	close(fd);
}

/* A process that is not dumpable cannot be traced or inspected in /proc either, except by root. The
 * limit is for kernels that dump such processes nevertheless [fs.suid_dumpable]. */
bool sandbox_hide(void)
{
	const struct rlimit none = {0, 0};

	empty_cores(); /* first, because the file then belongs to root */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* The kernel may know more capabilities than the headers.  The loop ends at the first one that the
 * kernel does not know, or immediately without CAP_SETPCAP. */
void sandbox_bound(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
}

static bool has_none(void)
{
	struct __user_cap_data_struct is[WORDS];
	uint32_t any = 0;

	if (get(is) < 0)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		any |= is[i].effective | is[i].permitted | is[i].inheritable;
	return any == 0;
}

/* Ambient capabilities are dropped together with permitted ones.  A system call filter may forbid a
 * call that would change nothing, so only the result counts. */
int sandbox_drop(char *err)
{
	int rc = clear();

	if (has_none()) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		return 0;
	}
	snprintf(err, SANDBOX_ERR,
		 "dropping capabilities: %s (does a system call filter forbid capset?)",
		 rc < 0 ? strerror(errno) : "some remain");
	return -1;
}
