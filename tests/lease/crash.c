/* crash - see crash.h. */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_POLLS 100000 /* of a keeper in one turn; more are a busy loop */

struct crash *crash;
static enum crash_role role;

void crash_new(void)
{
	crash = mmap(NULL, sizeof(*crash), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (crash == MAP_FAILED)
		abort();
}

void crash_begin(unsigned at, enum crash_kind kind)
{
	/* all members before CALL, which is large */
	memset(crash, 0, offsetof(struct crash, call));
	crash->at = at;
	crash->kind = kind;
	crash->turn = CRASH_DAEMON;
	crash->dead[CRASH_KEEPER] = true;
	role = CRASH_DAEMON;
}

void crash_heal(void)
{
	crash->full = crash->half = false;
	crash->at = 0;
}

bool crash_fail(const char *fmt, ...)
{
	va_list ap;

	if (crash->failure[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(crash->failure, sizeof(crash->failure), fmt, ap);
	va_end(ap);
	return false;
}

/* --- turns ---------------------------------------------------------------------------------- */

static void give_turn(enum crash_role to)
{
	__atomic_store_n(&crash->turn, (int)to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &crash->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int turn(void)
{
	return __atomic_load_n(&crash->turn, __ATOMIC_SEQ_CST);
}

/* If the test itself was killed, the process has no parent but process 1 any more.  An emulator
 * without PR_SET_CHILD_SUBREAPER gives that parent to a keeper whose daemon has died, too, but
 * the daemon gave it the turn before. */
static void await_turn(void)
{
	const struct timespec look = {.tv_sec = 1};
	int now;

	while ((now = turn()) != (int)role) {
		syscall(SYS_futex, &crash->turn, FUTEX_WAIT, now, &look, NULL, 0);
		if (getppid() == 1 && turn() != (int)role)
			_exit(1);
	}
}

static void end_role(void)
{
	crash->dead[role] = true;
	if (role != CRASH_NOBODY)
		give_turn(role == CRASH_DAEMON ? CRASH_KEEPER : CRASH_DAEMON);
}

static _Noreturn void die(void)
{
	end_role();
	for (;;)
		kill(getpid(), SIGKILL);
}

void crash_grant(void)
{
	siginfo_t info;

	if (role != CRASH_DAEMON || crash->dead[CRASH_KEEPER])
		return;
	give_turn(CRASH_KEEPER);
	await_turn();
	/* after it has exited, its descriptors are closed as well */
	if (crash->dead[CRASH_KEEPER])
		waitid(P_PID, (id_t)crash->keeper, &info, WEXITED | WNOWAIT);
}

pid_t crash_fork(void)
{
	pid_t pid;

	crash->dead[CRASH_KEEPER] = false;
	pid = fork();
	if (pid == 0) {
		role = CRASH_KEEPER;
		await_turn();
	} else if (pid > 0) {
		crash->keeper = pid;
	}
	return pid;
}

int crash_poll(struct pollfd *p, nfds_t n, int ms)
{
	static unsigned polls;
	int rc;

	if (role == CRASH_DAEMON) {
		crash_grant();
		return poll(p, n, ms);
	}
	rc = poll(p, n, 0);
	if (++polls == MOST_POLLS) {
		crash_fail("the keeper does not wait");
		die();
	}
	if (rc != 0 || ms == 0)
		return rc;
	polls = 0;
	if (crash->dead[CRASH_DAEMON])
		return poll(p, n, -1);
	give_turn(CRASH_DAEMON);
	await_turn();
	return poll(p, n, 0);
}

bool crash_keeper_ended(void)
{
	return __atomic_load_n(&crash->dead[CRASH_KEEPER], __ATOMIC_SEQ_CST);
}

pid_t crash_waitpid(pid_t pid, int *status, int flags)
{
	if (!(flags & WNOHANG))
		crash_grant();
	return waitpid(pid, status, flags);
}

pid_t crash_getppid(void)
{
	return crash->dead[CRASH_DAEMON] ? 1 : getppid();
}

void crash_exit(int status)
{
	end_role();
	_exit(status);
}

int64_t crash_ms(void)
{
	return crash->ms;
}

int64_t crash_wall(void)
{
	return crash->wall;
}

/* --- calls ---------------------------------------------------------------------------------- */

static const char *const whats[CRASH_WHATS] = {
	[CRASH_OPEN] = "open",
	[CRASH_CREATE] = "create",
	[CRASH_CLOSE] = "close",
	[CRASH_WRITE] = "write",
	[CRASH_READ] = "read",
	[CRASH_SYNC] = "fsync",
	[CRASH_SYNC_DIR] = "fsync of the directory",
	[CRASH_TRUNCATE] = "ftruncate",
	[CRASH_RENAME] = "rename",
	[CRASH_LINK] = "link",
	[CRASH_UNLINK] = "unlink",
};

const char *crash_text(unsigned n)
{
	static char text[160];
	const struct crash_call *c = &crash->call[n];

	snprintf(text, sizeof(text), "call %u (%s: %s %s%s%s, file %u, %zu bytes)", n,
		 c->role == CRASH_DAEMON ? "daemon" : "keeper", whats[c->what], c->name,
		 c->to[0] ? " to " : "", c->to, c->node, c->len);
	return text;
}

/* Returns the number of the file. */
static unsigned node_of(const struct stat *st, bool fresh)
{
	for (unsigned i = crash->nodes; !fresh && i-- > 0;)
		if (crash->ino[i] == st->st_ino)
			return i;
	if (crash->nodes == sizeof(crash->ino) / sizeof(*crash->ino))
		abort();
	crash->ino[crash->nodes] = st->st_ino;
	return crash->nodes++;
}

/* Returns true if FD is a file or directory, and not a socket. */
static bool is_file(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

/* Counts a call.  Returns 0 if it takes place, or the errno of its failure. */
static int count(struct crash_call **out, enum crash_what what, const char *name, const char *to)
{
	static const int errors[CRASH_KINDS] = {
		[CRASH_ENOSPC] = ENOSPC, [CRASH_EIO] = EIO, [CRASH_EROFS] = EROFS};
	struct crash_call *c;
	bool now;

	if (crash->calls == CRASH_CALLS)
		abort();
	c = &crash->call[++crash->calls];
	*c = (struct crash_call){.what = what, .role = role};
	memcpy(c->promise, crash->promise, sizeof(c->promise));
	snprintf(c->name, sizeof(c->name), "%.31s", name ? name : "");
	snprintf(c->to, sizeof(c->to), "%.31s", to ? to : "");
	*out = c;
	now = crash->calls == crash->at;
	crash->hit = crash->hit || now;
	c->failed = true;
	if (now && crash->kind == CRASH_KILL_BEFORE)
		die();
	if (now && crash->kind == CRASH_FULL)
		crash->full = true;
	if (now && errors[crash->kind])
		return errors[crash->kind];
	if (crash->full && (what == CRASH_WRITE || what == CRASH_CREATE || what == CRASH_LINK))
		return ENOSPC;
	if (crash->half && what == CRASH_WRITE) {
		crash->half = false;
		return ENOSPC;
	}
	c->failed = false;
	return 0;
}

/* The end of each call, with its result. */
static long done(struct crash_call *c, long rc)
{
	int err = errno;

	c->failed = rc < 0;
	if (crash->calls == crash->at && crash->kind == CRASH_KILL)
		die();
	errno = err;
	return rc;
}

static int refuse(int err)
{
	errno = err;
	return -1;
}

int crash_openat(int dir, const char *name, int flags, ...)
{
	struct crash_call *c;
	struct stat st;
	mode_t mode;
	va_list ap;
	bool fresh;
	int err, fd;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (role == CRASH_NOBODY)
		return openat(dir, name, flags, mode);
	fresh = flags & O_CREAT && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0;
	err = count(&c, fresh ? CRASH_CREATE : CRASH_OPEN, name[0] == '/' ? "." : name, NULL);
	if (err)
		return refuse(err);
	fd = openat(dir, name, flags, mode);
	if (fd >= 0 && fstat(fd, &st) == 0)
		c->node = node_of(&st, fresh);
	return (int)done(c, fd);
}

/* Even if it fails, the descriptor is closed, as in Linux. */
int crash_close(int fd)
{
	struct crash_call *c;
	struct stat st;
	int err, rc;

	if (role == CRASH_NOBODY || !is_file(fd, &st))
		return close(fd);
	err = count(&c, CRASH_CLOSE, NULL, NULL);
	c->node = node_of(&st, false);
	rc = close(fd);
	return err ? refuse(err) : (int)done(c, rc);
}

static void record_write(struct crash_call *c, int fd, const struct stat *st, size_t n)
{
	c->node = node_of(st, false);
	c->at = (size_t)st->st_size;
	c->len = n;
	c->data = crash->used;
	if (n > CRASH_ARENA - crash->used)
		abort();
	if (pread(fd, crash->arena + crash->used, n, st->st_size) != (ssize_t)n)
		abort();
	crash->used += n;
}

/* All files are open for reading and appending. */
ssize_t crash_write(int fd, const void *buf, size_t len)
{
	struct crash_call *c;
	struct stat st;
	ssize_t n;
	int err;

	if (role == CRASH_NOBODY || !is_file(fd, &st))
		return write(fd, buf, len);
	err = count(&c, CRASH_WRITE, NULL, NULL);
	c->node = node_of(&st, false);
	if (err)
		return refuse(err);
	if (crash->calls == crash->at && crash->kind == CRASH_SHORT) {
		len /= 2;
		crash->half = true;
	}
	n = write(fd, buf, len);
	if (n > 0)
		record_write(c, fd, &st, (size_t)n);
	return done(c, n);
}

ssize_t crash_pread(int fd, void *buf, size_t len, off_t at)
{
	struct crash_call *c;
	struct stat st;
	int err;

	if (role == CRASH_NOBODY || !is_file(fd, &st))
		return pread(fd, buf, len, at);
	err = count(&c, CRASH_READ, NULL, NULL);
	c->node = node_of(&st, false);
	return err ? refuse(err) : done(c, pread(fd, buf, len, at));
}

/* No test waits for a real disk. */
int crash_fsync(int fd)
{
	struct crash_call *c;
	struct stat st;
	int err;

	if (role == CRASH_NOBODY || !is_file(fd, &st))
		return 0;
	err = count(&c, S_ISDIR(st.st_mode) ? CRASH_SYNC_DIR : CRASH_SYNC, NULL, NULL);
	c->node = node_of(&st, false);
	return err ? refuse(err) : (int)done(c, 0);
}

int crash_fdatasync(int fd)
{
	return crash_fsync(fd);
}

int crash_ftruncate(int fd, off_t len)
{
	struct crash_call *c;
	struct stat st;
	int err;

	if (role == CRASH_NOBODY || !is_file(fd, &st))
		return ftruncate(fd, len);
	err = count(&c, CRASH_TRUNCATE, NULL, NULL);
	c->node = node_of(&st, false);
	c->at = (size_t)len;
	return err ? refuse(err) : (int)done(c, ftruncate(fd, len));
}

int crash_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	struct crash_call *c;
	int err;

	if (role == CRASH_NOBODY)
		return renameat(from_dir, from, to_dir, to);
	err = count(&c, CRASH_RENAME, from, to);
	return err ? refuse(err) : (int)done(c, renameat(from_dir, from, to_dir, to));
}

int crash_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	struct crash_call *c;
	int err;

	if (role == CRASH_NOBODY)
		return linkat(from_dir, from, to_dir, to, flags);
	err = count(&c, CRASH_LINK, from, to);
	return err ? refuse(err) : (int)done(c, linkat(from_dir, from, to_dir, to, flags));
}

int crash_unlinkat(int dir, const char *name, int flags)
{
	struct crash_call *c;
	int err;

	if (role == CRASH_NOBODY)
		return unlinkat(dir, name, flags);
	err = count(&c, CRASH_UNLINK, name, NULL);
	return err ? refuse(err) : (int)done(c, unlinkat(dir, name, flags));
}
