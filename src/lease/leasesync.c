/* leasesync - the keeper's tasks, and its start and end.
 *
 * The keeper is forked without exec, since the daemon may be in a chroot by then.  Its socket is
 * closed when the parent ends.  Then it writes the remaining events of the history and exits.  It
 * is not killed together with the parent.  Tasks of a killed parent that were not answered are not
 * completed.  A terminal or service manager sends signals to the whole process group.  The keeper
 * ignores them, because the daemon needs it for a clean stop. */
#include "leasesync.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/conf.h"
#include "leasekeep.h"
#include "leaselogstate.h"
#include "lib/clock.h"
#include "lib/fd.h"

#define PATIENCE_MS 10000 /* the longest wait for the keeper when the daemon ends */
#define WORK_MS     100   /* interval of the hook */

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

struct keeper {
	int sock;
	int wake; /* there is something for the history; -1: no history */
	int dir;
	const char *path;
	pid_t parent;
	int old; /* the file before the last rewrite, or -1 */
	struct leasefile_hooks hooks;
	struct leaselogfile log;
};

/* Sends M, together with its descriptor if it has one. */
/* seccomp: both: sendmsg */
static bool send_message(int sock, struct leasesync_message *m, int flags)
{
	union control control = {{0}};
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (m->fd >= 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(m->fd));
		memcpy(CMSG_DATA(c), &m->fd, sizeof(m->fd));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | flags);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*m);
}

/* False with EAGAIN if there is no message; with another errno if the other end is closed. */
/* seccomp: both: recvmsg */
static bool receive_message(int sock, struct leasesync_message *m, int flags)
{
	union control control = {{0}};
	struct iovec iov = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	errno = 0;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*m))
		return false;
	m->fd = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&m->fd, CMSG_DATA(c), sizeof(m->fd));
	return true;
}

/* seccomp: keeper: openat, newfstatat, fchown */
int leasesync_create(int dir, const char *name, mode_t mode, int like)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags, mode);
	struct stat st;

	/* without the privilege to change the owner, the file keeps its own; it is only essential
	 * that it can be written */
	if (fd >= 0 && like >= 0 && fstat(like, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) < 0)
		errno = 0;
	return fd;
}

/* No file can be created in a directory that was removed, even if there is a new one of that
 * name.  Switches to that one.  The lock on it belongs to the keeper and ends with it. */
/* seccomp: keeper: flock */
static bool open_again(struct keeper *k)
{
	int dir = open(k->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (dir < 0)
		return false;
	if (fd_has_name(dir, ".", k->dir)) {
		errno = ENOENT;
	} else if (flock(dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
		close(k->dir);
		k->dir = dir;
		return true;
	}
	err = errno;
	close(dir);
	errno = err;
	return false;
}

/* seccomp: keeper: unlinkat */
static int drop(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

int leasesync_drop(int dir)
{
	return drop(dir, LEASESYNC_NEW);
}

/* The files, and the temporary files that replace them. */
static const struct {
	const char *final, *temporary;
} names[] = {
	[LEASE_FILE] = {LEASEFILE_NAME, LEASESYNC_NEW},
	[LEASE_PINS] = {CONF_PINS, CONF_PINS ".new"},
	[LEASE_POOLS] = {CONF_POOLS_STATE, CONF_POOLS_STATE ".new"},
};

/* seccomp: keeper: fchmod */
static int create_new(const struct keeper *k, struct leasesync_message *m, int like)
{
	const char *name = names[m->file].temporary;
	struct stat st;
	int fd;

	if (m->keep && m->kept <= 0)
		m->kept = leasekeep_aside(k->dir, like, false);
	if (m->kept < 0 || drop(k->dir, name) < 0 || fstat(like, &st) < 0)
		return -1;
	fd = leasesync_create(k->dir, name, 0644, like);
	if (fd >= 0 && fchmod(fd, st.st_mode & 0777) < 0)
		errno = 0;
	return fd;
}

static int do_create(struct keeper *k, struct leasesync_message *m, int like)
{
	int fd = create_new(k, m, like);

	return fd < 0 && errno == ENOENT && open_again(k) ? create_new(k, m, like) : fd;
}

/* seccomp: keeper: fdatasync */
static int do_sync(int dir, int fd)
{
	if (fdatasync(fd) < 0)
		return errno;
	return fd_has_name(dir, LEASEFILE_NAME, fd) ? 0 : ESTALE;
}

/* This order is essential: first the content is synced, then the file is renamed, then the
 * directory is synced. */
/* seccomp: keeper: fsync, renameat2 */
static int do_publish(struct keeper *k, int fd, struct leasesync_message *m)
{
	const char *from = names[m->file].temporary, *to = names[m->file].final;

	if (fsync(fd) < 0)
		return errno;
	if (!fd_has_name(k->dir, to, fd)) {
		if (!fd_has_name(k->dir, from, fd))
			return ESTALE;
		k->old = openat(k->dir, to, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (renameat(k->dir, from, k->dir, to) < 0)
			return errno;
	}
	m->renamed = true;
	return fsync(k->dir) < 0 ? errno : 0;
}

/* Performs the task of M and turns M into the answer. */
static void do_task(struct keeper *k, struct leasesync_message *m)
{
	int fd = m->fd;

	m->fd = -1;
	switch (m->task) {
	case LEASESYNC_SYNC:
		m->err = do_sync(k->dir, fd);
		break;
	case LEASESYNC_CREATE:
		m->fd = do_create(k, m, fd);
		m->err = m->fd < 0 ? errno : 0;
		break;
	case LEASESYNC_PUBLISH:
		m->err = do_publish(k, fd, m);
		break;
	case LEASESYNC_DROP:
		m->err = drop(k->dir, names[m->file].temporary) < 0 ? errno : 0;
		break;
	case LEASESYNC_IDLE:
		break;
	}
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* seccomp: keeper: getppid, close */
static bool serve(struct keeper *k)
{
	struct leasesync_message m;
	bool sent;
	int fd;

	if (!receive_message(k->sock, &m, 0) || getppid() != k->parent)
		return false;
	/* The parent has closed it by now, so its blocks are freed here, where that may take time.
	 */
	close_fd(k->old);
	k->old = -1;
	fd = m.fd;
	do_task(k, &m);
	sent = send_message(k->sock, &m, 0);
	close_fd(m.fd);
	close_fd(fd);
	return sent;
}

/* seccomp: keeper: rt_sigaction, rt_sigprocmask; a new keeper, inside the filter of the daemon */
static void ignore_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		signal(sig,
		       SIG_IGN); /* fails for SIGKILL, SIGSTOP and the signals of the C library */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns the smallest descriptor of at least FROM that K needs; INT32_MAX if there is none. */
static int next_needed(const struct keeper *k, int from)
{
	const int needed[] = {k->sock, k->wake, k->dir};
	int least = INT32_MAX;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (needed[i] >= from && needed[i] < least)
			least = needed[i];
	return least;
}

/* Closes all other descriptors of the daemon. */
/* seccomp: keeper: close_range; likewise */
static void let_go(const struct keeper *k)
{
	for (int from = 0, next; from < INT32_MAX; from = next + 1) {
		next = next_needed(k, from);
		fd_close_between(from, next < INT32_MAX ? next - 1 : next);
		if (next == INT32_MAX)
			break;
	}
}

/* Performs the work on the history that is due.  Returns the ms until more is due. */
static int keep_history(struct keeper *k)
{
	if (k->wake < 0)
		return -1;
	return leaselogfile_work(&k->log, k->dir, clock_ms(), clock_wall());
}

/* Waits for events and handles them.  False if the socket was closed. */
/* seccomp: keeper: ppoll, read */
static bool keep_on(struct keeper *k)
{
	struct pollfd p[] = {{.fd = k->sock, .events = POLLIN}, {.fd = k->wake, .events = POLLIN}};
	int ms = keep_history(k);
	uint64_t times;

	if (k->hooks.work) {
		k->hooks.work(k->hooks.arg);
		ms = ms < 0 || ms > WORK_MS ? WORK_MS : ms;
	}
	if (poll(p, 2, ms) <= 0)
		return true;
	if (p[1].revents && read(k->wake, &times, sizeof(times)) < 0)
		errno = 0;
	return !p[0].revents || serve(k);
}

/* Closes the directory, and thus releases its lock, before the sync, so that the next daemon need
 * not wait for that. */
static void end_history(struct keeper *k)
{
	leaselogfile_finish(&k->log, k->dir, clock_ms(), clock_wall());
	close(k->dir);
	leaselogfile_end(&k->log);
}

static _Noreturn void keep(struct keeper *k)
{
	prctl(PR_SET_NAME, "nat64d-leases");
	ignore_signals();
	let_go(k);
	if (k->hooks.enter && !k->hooks.enter(k->hooks.arg, k->dir))
		_exit(1);
	while (keep_on(k))
		;
	if (k->wake >= 0)
		end_history(k);
	_exit(0);
}

/* seccomp: daemon: wait4 */
static bool reap(struct leasesync *k, int flags)
{
	pid_t pid;

	if (k->pid == 0)
		return true;
	do {
		pid = waitpid(k->pid, NULL, flags);
	} while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	k->pid = 0;
	return true;
}

bool leasesync_reap(struct leasesync *k)
{
	return reap(k, WNOHANG);
}

/* seccomp: daemon: socketpair, clone, getpid */
int leasesync_start(struct leasesync *k, int dir, const char *path, const struct leaselog *log)
{
	struct keeper child = {
		.wake = log ? log->wake : -1,
		.dir = dir,
		.path = path,
		.parent = getpid(),
		.old = -1,
		.hooks = k->hooks,
	};
	sigset_t all, before;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	/* Signals are blocked, so that the daemon's handlers do not run in the child, and no signal
	 * ends it before it ignores signals. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	k->pid = fork();
	if (k->pid == 0) {
		child.sock = pair[1];
		if (log)
			leaselogfile_init(&child.log, log->shared);
		keep(&child);
	}
	err = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	if (k->pid < 0) {
		k->pid = 0;
		close(pair[0]);
		errno = err;
		return -1;
	}
	k->fd = pair[0];
	k->task = LEASESYNC_IDLE;
	return 0;
}

static bool ask(struct leasesync *k, struct leasesync_message *m)
{
	if (k->fd < 0 || k->task != LEASESYNC_IDLE || !send_message(k->fd, m, MSG_DONTWAIT))
		return false;
	k->task = m->task;
	k->file = m->file;
	return true;
}

bool leasesync_ask(struct leasesync *k, enum lease_file file, enum leasesync_task task, int fd)
{
	return ask(k, &(struct leasesync_message){.task = task, .file = file, .fd = fd});
}

bool leasesync_ask_kept(struct leasesync *k, int fd)
{
	return ask(k,
		   &(struct leasesync_message){
			   .task = LEASESYNC_CREATE, .file = LEASE_FILE, .fd = fd, .keep = true});
}

bool leasesync_hear(struct leasesync *k, struct leasesync_message *a)
{
	if (k->fd < 0)
		return false;
	if (receive_message(k->fd, a, MSG_DONTWAIT)) {
		if (a->task == LEASESYNC_CREATE && !a->err && a->fd < 0)
			a->err = EMFILE; /* the kernel drops a descriptor if the process cannot have
					    another one */
	} else if (errno == EAGAIN) {
		return false;
	} else {
		*a = (struct leasesync_message){
			.task = k->task, .file = k->file, .err = ECHILD, .fd = -1};
		close(k->fd);
		k->fd = -1;
		reap(k, WNOHANG);
	}
	k->task = LEASESYNC_IDLE;
	return true;
}

/* Waits for EVENTS or the end of the keeper.  A keeper that is stopped or hangs must not keep the
 * daemon from ending, so it is killed. */
/* seccomp: daemon: kill */
static void await(const struct leasesync *k, short events)
{
	struct pollfd p = {.fd = k->fd, .events = events};

	if (poll(&p, 1, PATIENCE_MS) == 0 && k->pid > 0)
		kill(k->pid, SIGKILL);
}

void leasesync_wait(const struct leasesync *k)
{
	if (k->fd >= 0)
		await(k, POLLIN);
}

/* The keeper reads the end of the socket, finishes its work and exits, which closes its end. */
/* seccomp: daemon: shutdown */
void leasesync_stop(struct leasesync *k)
{
	if (k->fd >= 0) {
		shutdown(k->fd, SHUT_WR);
		await(k, 0);
		close(k->fd);
	}
	k->fd = -1;
	k->task = LEASESYNC_IDLE;
	reap(k, 0);
}
