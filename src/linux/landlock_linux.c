/* landlock_linux - asks for as much as the kernel can do.
 *
 * The header of the kernel may be older than the kernel, so that its constants are here.  They are
 * the same for all architectures. */
#include "linux/landlock_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_landlock_create_ruleset
#define CREATE   SYS_landlock_create_ruleset
#define ADD      SYS_landlock_add_rule
#define RESTRICT SYS_landlock_restrict_self
#else
#define CREATE   444
#define ADD      445
#define RESTRICT 446
#endif

#define VERSION      1U /* flag: return the ABI */
#define PATH_BENEATH 1

#define WRITE_FILE  (UINT64_C(1) << 1)
#define READ_FILE   (UINT64_C(1) << 2)
#define READ_DIR    (UINT64_C(1) << 3)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_DIR    (UINT64_C(1) << 7)
#define MAKE_REG    (UINT64_C(1) << 8)
#define MAKE_SOCK   (UINT64_C(1) << 9)
#define TRUNCATE    (UINT64_C(1) << 14)

struct ruleset {
	uint64_t files, net, scope;
};

struct beneath {
	uint64_t allowed;
	int32_t dir;
} __attribute__((packed));

/* What each ABI adds.  SIZE is that of the structure that it knows. */
static const struct {
	uint64_t files, net, scope;
	size_t size;
} abis[] = {
	{0, 0, 0, 0},       {0x1fff, 0, 0, 8},
	{0x3fff, 0, 0, 8},  /* linking and renaming between directories */
	{0x7fff, 0, 0, 8},  /* truncating */
	{0x7fff, 3, 0, 16}, /* TCP */
	{0xffff, 3, 0, 16}, /* ioctl() on devices */
	{0xffff, 3, 3, 24}, /* abstract sockets and signals of other processes */
	{0xffff, 3, 3, 24}, /* audit records only */
};

#define ABI_MOST ((int)(sizeof(abis) / sizeof(*abis)) - 1)

/* Returns a descriptor, or -1 with errno. */
static int create_for(int abi)
{
	const struct ruleset r = {abis[abi].files, abis[abi].net, abis[abi].scope};

	return (int)syscall(CREATE, &r, abis[abi].size, 0U);
}

static bool lacks_rights(int err)
{
	return err == EINVAL || err == E2BIG || err == EOPNOTSUPP;
}

/* Kernels of distributions have parts of later versions, and some report an ABI whose rights they
 * do not know.  Then fewer are asked for.  Returns a descriptor, or -1 with errno. */
static int create(int *abi)
{
	long most = syscall(CREATE, NULL, (size_t)0, VERSION);
	int fd = -1;

	if (most == 0)
		errno = ENOSYS;
	*abi = most < ABI_MOST ? (int)most : ABI_MOST;
	for (; *abi > 0; --*abi) {
		fd = create_for(*abi);
		if (fd >= 0 || !lacks_rights(errno))
			break;
	}
	return fd;
}

static uint64_t rights(unsigned may)
{
	uint64_t r = 0;

	if (may & LANDLOCK_READ)
		r |= READ_FILE | READ_DIR;
	if (may & LANDLOCK_WRITE)
		r |= READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_REG | MAKE_SOCK |
		     TRUNCATE;
	if (may & LANDLOCK_SOCKET)
		r |= MAKE_SOCK | MAKE_DIR;
	if (may & LANDLOCK_REMOVE)
		r |= REMOVE_FILE;
	return r;
}

/* A file, not a directory, cannot have the rights of a directory. */
static int add(int set, int abi, int fd, unsigned may)
{
	struct beneath b = {.allowed = rights(may) & abis[abi].files, .dir = fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		b.allowed &= READ_FILE;
	return b.allowed ? (int)syscall(ADD, set, PATH_BENEATH, &b, 0U) : 0;
}

static int add_place(int set, int abi, const struct landlock_place *place)
{
	int fd, rc;

	if (!place->path)
		return add(set, abi, place->dir, place->may);
	fd = open(place->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return 0;
	rc = add(set, abi, fd, place->may);
	close(fd);
	return rc;
}

/* seccomp: keeper: landlock_create_ruleset, landlock_add_rule, landlock_restrict_self, close */
/* seccomp: keeper: prctl */
int landlock_enter(const struct landlock_place *place, size_t n)
{
	int abi, err, set = create(&abi), rc = set < 0 ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_place(set, abi, &place[i]);
	if (rc == 0)
		rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (rc == 0)
		rc = (int)syscall(RESTRICT, set, 0U);
	err = errno;
	if (set >= 0)
		close(set);
	errno = err;
	return rc < 0 ? -1 : abi;
}
