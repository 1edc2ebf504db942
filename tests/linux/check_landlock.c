/* check_landlock - limits a process in kernels of each ABI, and in kernels that claim an ABI whose
 * rights they do not know.  The kernel is a model: the linker replaces syscall() and prctl(). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/landlock_linux.h"
#include "support/run.h"

#define CREATE   444
#define ADD      445
#define RESTRICT 446

#define ABIS 8 /* 0: none */

#define RULES 8

/* The numbers of rights that each ABI knows, and the size of its structure.  A kernel that claims
 * more than it has may know no right. */
static const struct rights {
	unsigned files, net, scope;
	size_t size;
} abis[ABIS] = {
	[0] = {0, 0, 0, 8},   [1] = {13, 0, 0, 8},  [2] = {14, 0, 0, 8},  [3] = {15, 0, 0, 8},
	[4] = {15, 2, 0, 16}, [5] = {16, 2, 0, 16}, [6] = {16, 2, 2, 24}, [7] = {16, 2, 2, 24},
};

/* Rights, by their numbers in the kernel. */
#define BIT(n)   (UINT64_C(1) << (n))
#define WRITE    BIT(1)
#define READ     BIT(2)
#define LIST     BIT(3)
#define REMOVE   BIT(5)
#define MAKE_DIR BIT(7)
#define MAKE_REG BIT(8)
#define SOCK     BIT(9)
#define TRUNCATE BIT(14)
#define OF_FILES (BIT(0) | WRITE | READ | TRUNCATE | BIT(15))

/* --- the kernel ------------------------------------------------------------------------------ */

static struct kernel {
	long claims;
	unsigned knows;
	int lacks; /* the error for a right that it does not know */
	int version_fails, create_fails, add_fails, restrict_fails; /* with this error */

	unsigned creations;
	int set; /* descriptor */
	uint64_t handled[3];
	struct rule {
		uint64_t allowed;
		ino_t at;
	} rules[RULES];
	unsigned n;
	bool no_new_privs;
	bool restricted;
} kernel;

static uint64_t mask(unsigned bits)
{
	return (UINT64_C(1) << bits) - 1;
}

static long refuse(int error)
{
	errno = error;
	return -1;
}

static long create(const void *attr, size_t size, unsigned flags)
{
	const struct rights *r = &abis[kernel.knows];
	const unsigned bits[3] = {r->files, r->net, r->scope};
	uint64_t word[3] = {0}, any = 0;

	if (flags == 1) {
		ck_assert(!attr && size == 0);
		return kernel.version_fails ? refuse(kernel.version_fails) : kernel.claims;
	}
	ck_assert_uint_eq(flags, 0);
	kernel.creations++;
	if (kernel.create_fails)
		return refuse(kernel.create_fails);
	ck_assert(size >= sizeof(*word) && size <= sizeof(word));
	memcpy(word, attr, size);
	for (size_t i = 0; i < 3; i++) {
		if (word[i] && i * sizeof(*word) >= r->size)
			return refuse(E2BIG);
		if (word[i] & ~mask(bits[i]))
			return refuse(kernel.lacks);
		any |= word[i];
	}
	if (!any)
		return refuse(ENOMSG);
	memcpy(kernel.handled, word, sizeof(word));
	kernel.set = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return kernel.set;
}

static long add(int set, int type, const char *attr, unsigned flags)
{
	struct stat st;
	uint64_t allowed;
	int32_t dir;

	ck_assert(set == kernel.set && type == 1 && flags == 0);
	memcpy(&allowed, attr, sizeof(allowed)); /* packed */
	memcpy(&dir, attr + sizeof(allowed), sizeof(dir));
	if (kernel.add_fails)
		return refuse(kernel.add_fails);
	if (!allowed)
		return refuse(ENOMSG);
	if (allowed & ~kernel.handled[0])
		return refuse(EINVAL);
	if (fstat(dir, &st) < 0)
		return refuse(EBADF);
	if (!S_ISDIR(st.st_mode) && (allowed & ~OF_FILES))
		return refuse(EINVAL);
	ck_assert_uint_lt(kernel.n, RULES);
	kernel.rules[kernel.n++] = (struct rule){allowed, st.st_ino};
	return 0;
}

static long restrict_self(int set, unsigned flags)
{
	ck_assert(set == kernel.set && flags == 0);
	if (!kernel.no_new_privs)
		return refuse(EPERM);
	if (kernel.restrict_fails)
		return refuse(kernel.restrict_fails);
	kernel.restricted = true;
	return 0;
}

long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	const void *p;
	va_list ap;
	long rc = -1;
	size_t size;
	int set, type;

	va_start(ap, nr);
	switch (nr) {
	case CREATE:
		p = va_arg(ap, const void *);
		size = va_arg(ap, size_t);
		rc = create(p, size, va_arg(ap, unsigned));
		break;
	case ADD:
		set = va_arg(ap, int);
		type = va_arg(ap, int);
		p = va_arg(ap, const void *);
		rc = add(set, type, p, va_arg(ap, unsigned));
		break;
	case RESTRICT:
		set = va_arg(ap, int);
		rc = restrict_self(set, va_arg(ap, unsigned));
		break;
	default:
		ck_abort_msg("system call %ld", nr);
	}
	va_end(ap);
	return rc;
}

/* The name in glibc with 64-bit times on a 32-bit machine. */
int __wrap___prctl_time64(int option, ...) __attribute__((alias("__wrap_prctl")));
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	ck_assert_int_eq(option, PR_SET_NO_NEW_PRIVS);
	kernel.no_new_privs = true;
	return 0;
}

/* --- the rights ------------------------------------------------------------------------------ */

static ino_t inode(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

/* No descriptor is left. */
static void is_closed(void)
{
	if (kernel.creations > 0 && kernel.set > 0)
		ck_assert(fcntl(kernel.set, F_GETFD) < 0 && errno == EBADF);
}

static int enter(const struct landlock_place *place, size_t n)
{
	int rc;

	errno = 0;
	rc = landlock_enter(place, n);
	if (rc < 0) {
		int err = errno;

		is_closed();
		ck_assert(!kernel.restricted);
		errno = err;
		return rc;
	}
	is_closed();
	ck_assert(kernel.restricted);
	return rc;
}

static bool same(const struct rights *a, const struct rights *b)
{
	return a->files == b->files && a->net == b->net && a->scope == b->scope;
}

static void check_handled(unsigned abi)
{
	ck_assert_uint_eq(kernel.handled[0], mask(abis[abi].files));
	ck_assert_uint_eq(kernel.handled[1], mask(abis[abi].net));
	ck_assert_uint_eq(kernel.handled[2], mask(abis[abi].scope));
}

static void check_kernel(int knows, int claims, int lacks)
{
	int abi, most = claims < ABIS ? claims : ABIS - 1;

	kernel = (struct kernel){.claims = claims, .knows = (unsigned)knows, .lacks = lacks};
	abi = enter(NULL, 0);
	if (knows == 0) {
		ck_assert_int_eq(abi, -1);
		ck_assert_int_eq(errno, claims == 0 ? ENOSYS : lacks);
		return;
	}
	ck_assert_msg(abi >= knows && abi <= most, "claims %d: %d", claims, abi);
	ck_assert(same(&abis[abi], &abis[knows]));
	check_handled((unsigned)knows);
}

/* Each row is an ABI that the kernel knows; it claims this one or a later one. */
START_TEST(exactly_what_it_knows)
{
	for (int claims = _i; claims < ABIS + 3; claims++) {
		check_kernel(_i, claims, EINVAL);
		check_kernel(_i, claims, EOPNOTSUPP);
	}
}
END_TEST

/* The rights beneath a place are those of which this ABI knows. */
START_TEST(places)
{
	static const struct {
		unsigned may;
		uint64_t want;
	} rows[] = {
		{LANDLOCK_READ, READ | LIST},
		{LANDLOCK_WRITE, READ | LIST | WRITE | REMOVE | MAKE_REG | SOCK | TRUNCATE},
		{LANDLOCK_SOCKET, SOCK | MAKE_DIR},
		{LANDLOCK_REMOVE, REMOVE},
		{LANDLOCK_READ | LANDLOCK_REMOVE, READ | LIST | REMOVE},
	};
	struct landlock_place at[ROWS(rows)];

	for (int r = 0; r < ROWS(rows); r++)
		at[r] = (struct landlock_place){.path = "/proc", .may = rows[r].may};
	for (int claims = _i; claims < ABIS; claims++) {
		kernel = (struct kernel){.claims = claims, .knows = (unsigned)_i, .lacks = EINVAL};
		ck_assert_int_gt(enter(at, ROWS(rows)), 0);
		ck_assert_uint_eq(kernel.n, ROWS(rows));
		for (int r = 0; r < ROWS(rows); r++) {
			ck_assert_uint_eq(kernel.rules[r].allowed,
					  rows[r].want & mask(abis[_i].files));
			ck_assert_uint_eq(kernel.rules[r].at, inode("/proc"));
		}
	}
}
END_TEST

/* A file, a directory that is open, and what does not exist. */
START_TEST(kinds_of_places)
{
	int dir = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct landlock_place at[] = {
		{.path = "/dev/null", .may = LANDLOCK_READ},
		{.path = "/dev/null", .may = LANDLOCK_WRITE},
		{.path = "/dev/null", .may = LANDLOCK_REMOVE}, /* nothing is left of it */
		{.path = "/no/such/place", .may = LANDLOCK_READ},
		{.dir = dir, .may = LANDLOCK_READ},
	};

	kernel = (struct kernel){.claims = 7, .knows = 7};
	ck_assert_int_eq(enter(at, ROWS(at)), 7);
	ck_assert_uint_eq(kernel.n, 3);
	ck_assert(kernel.rules[0].allowed == READ && kernel.rules[1].allowed == READ);
	ck_assert(kernel.rules[2].allowed == (READ | LIST) && kernel.rules[2].at == inode("/dev"));
	close(dir);
}
END_TEST

/* --- kernels that refuse --------------------------------------------------------------------- */

static const struct refusal {
	struct kernel k;
	int error;
	unsigned creations;
} refusals[] = {
	{{.version_fails = ENOSYS}, ENOSYS, 0},         /* without Landlock */
	{{.version_fails = EOPNOTSUPP}, EOPNOTSUPP, 0}, /* it is off since boot */
	{{.version_fails = EPERM}, EPERM, 0},           /* a container forbids it */
	{{.claims = 7, .knows = 7, .create_fails = EINVAL}, EINVAL, 7},
	{{.claims = 3, .knows = 3, .create_fails = E2BIG}, E2BIG, 3},
	{{.claims = 7, .knows = 7, .create_fails = EMFILE}, EMFILE, 1},
	{{.claims = 7, .knows = 7, .create_fails = EOPNOTSUPP}, EOPNOTSUPP, 7},
	{{.claims = 7, .knows = 7, .add_fails = ENOMEM}, ENOMEM, 1},
	{{.claims = 7, .knows = 7, .restrict_fails = E2BIG}, E2BIG, 1}, /* too many layers */
};

START_TEST(refuses)
{
	const struct landlock_place at = {.path = "/proc", .may = LANDLOCK_READ};
	const struct refusal *r = &refusals[_i];

	kernel = r->k;
	ck_assert_int_eq(enter(&at, 1), -1);
	ck_assert_int_eq(errno, r->error);
	ck_assert_uint_eq(kernel.creations, r->creations);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("landlock");
	TCase *t = tcase_create("landlock");

	tcase_add_loop_test(t, exactly_what_it_knows, 0, ABIS);
	tcase_add_loop_test(t, places, 1, ABIS);
	tcase_add_test(t, kinds_of_places);
	tcase_add_loop_test(t, refuses, 0, ROWS(refusals));
	suite_add_tcase(s, t);
	return run_suite(s);
}
