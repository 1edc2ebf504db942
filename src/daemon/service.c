/* service - the order in which privileges are dropped, and the exit status that the caller gets. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "daemon/service.h"

static int fail(char *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(char *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, SERVICE_ERR, fmt, args);
	va_end(args);
	return -1;
}

void service_fill_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			fd = open("/", O_RDONLY); /* nothing can be read from it or written to it */
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Parses a decimal number that fits and is not -1, which means "unchanged". */
static bool is_id(const char *s, unsigned *id)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	*id = (unsigned)v;
	return *end == '\0' && errno == 0 && v < UINT_MAX;
}

/* Returns the first descriptor after standard error and those from the service manager. */
static int first_inherited(void)
{
	const char *for_pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	unsigned pid, n;

	if (!for_pid || !count || !is_id(for_pid, &pid) || !is_id(count, &n))
		return STDERR_FILENO + 1;
	if (pid != (unsigned)getpid() || n > INT_MAX - STDERR_FILENO - 1)
		return STDERR_FILENO + 1;
	return STDERR_FILENO + 1 + (int)n;
}

void service_close_inherited(int keep)
{
	int first = first_inherited();

	if (keep >= first) {
		fd_close_between(first, keep - 1);
		first = keep + 1;
	}
	fd_close_between(first, INT_MAX);
}

/* Runs in the caller's process: exits with the status that the child sends, or reports how the
 * child ended. */
static void wait_for_word(int fd, pid_t child)
{
	unsigned char word = 1;
	ssize_t n;
	int status;

	while ((n = read(fd, &word, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		_exit(word);
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
		fprintf(stderr, "nat64d: killed by signal %d while starting\n", WTERMSIG(status));
	_exit(1);
}

int service_detach(struct service_caller *c)
{
	int ends[2];
	pid_t child;

	c->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (c->null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child < 0)
		return -1;
	if (child > 0) {
		close(ends[1]);
		wait_for_word(ends[0], child);
	}
	close(ends[0]);
	setsid();
	c->word = ends[1];
	return 0;
}

/* seccomp: daemon: dup3, write, close */
void service_detached(const struct service_caller *c, bool keep_stdout)
{
	unsigned char well = 0;

	dup2(c->null, STDIN_FILENO);
	if (!keep_stdout)
		dup2(c->null, STDOUT_FILENO);
	dup2(c->null, STDERR_FILENO);
	if (c->null > STDERR_FILENO)
		close(c->null);
	while (write(c->word, &well, 1) < 0 && errno == EINTR)
		;
	close(c->word);
}

static int find_user(struct service_user *u, const char *user, bool need_group, char *err)
{
	unsigned id = 0;
	bool number = is_id(user, &id);
	const struct passwd *pw = getpwnam(user);

	if (!pw && number)
		pw = getpwuid(id);
	if (pw) {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
		snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
		return 0;
	}
	if (!number)
		return fail(err, "user %s: no such user", user);
	if (need_group)
		return fail(err, "user %s: not in the user database, so --group is needed", user);
	u->uid = id;
	return 0;
}

int service_group_find(gid_t *gid, const char *group, char *err)
{
	unsigned id = 0;
	bool number = is_id(group, &id);
	const struct group *gr = getgrnam(group);

	if (!gr && !number)
		return fail(err, "group %s: no such group", group);
	*gid = gr ? gr->gr_gid : id;
	return 0;
}

int service_user_find(struct service_user *u, const char *user, const char *group, char *err)
{
	*u = (struct service_user){.uid = (uid_t)-1, .gid = (gid_t)-1, .also = (gid_t)-1};
	if (user && find_user(u, user, !group, err) < 0)
		return -1;
	return group ? service_group_find(&u->gid, group, err) : 0;
}

/* Returns our groups in memory from calloc(), with room for one more; NULL on failure. */
static gid_t *get_groups(int *n)
{
	int most = getgroups(0, NULL);
	gid_t *all = most < 0 ? NULL : calloc((size_t)most + 1, sizeof(*all));

	*n = all ? getgroups(most, all) : -1;
	if (*n >= 0)
		return all;
	free(all);
	return NULL;
}

/* Adds GID to our groups. */
static int add_group(gid_t gid)
{
	int n, rc;
	gid_t *all = get_groups(&n);

	if (!all)
		return -1;
	all[n++] = gid;
	rc = setgroups((size_t)n, all);
	free(all);
	return rc;
}

bool service_is_in(gid_t gid)
{
	int n;
	gid_t *all = get_groups(&n);
	bool found = gid == getegid();

	while (all && !found && n-- > 0)
		found = all[n] == gid;
	free(all);
	return found;
}

static int take_groups(const struct service_user *u, char *err)
{
	int rc = u->name[0] ? initgroups(u->name, u->gid) : setgroups(1, &u->gid);

	if (rc == 0 && u->also != (gid_t)-1)
		rc = add_group(u->also);
	if (rc < 0 || setgid(u->gid) < 0)
		return fail(err, "group %lu: %s (changing it needs root)", (unsigned long)u->gid,
			    strerror(errno));
	return 0;
}

/* initgroups() reads the user database, so it must be called before chroot().  The root directory
 * and the groups can only be changed while we are root. */
int service_user_become(const struct service_user *u, const char *root, char *err)
{
	if (u->gid != (gid_t)-1 && take_groups(u, err) < 0)
		return -1;
	if (root && (chroot(root) < 0 || chdir("/") < 0))
		return fail(err, "chroot %.160s: %s", root, strerror(errno));
	if (u->uid == (uid_t)-1)
		return 0;
	if (setuid(u->uid) < 0)
		return fail(err, "user %lu: %s (changing it needs root)", (unsigned long)u->uid,
			    strerror(errno));
	if (u->uid != 0 && setuid(0) == 0)
		return fail(err, "user %lu: setuid(0) still succeeds after dropping root",
			    (unsigned long)u->uid);
	return 0;
}

/* Uses the lock of fcntl().  Unlike that of flock(), a child process does not keep it when we are
 * killed. */
static int lock(int fd, const char *path, char *err)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return fail(err, "pidfile %s: %s", path, strerror(errno));
	l.l_type = F_WRLCK;
	if (fcntl(fd, F_GETLK, &l) < 0 || l.l_type == F_UNLCK)
		l.l_pid = 0;
	return fail(err, "pidfile %s: process %ld has locked it: nat64d is already running", path,
		    (long)l.l_pid);
}

static int write_pid(int fd, const char *path, char *err)
{
	int n;

	if (ftruncate(fd, 0) < 0)
		return fail(err, "pidfile %s: %s", path, strerror(errno));
	n = dprintf(fd, "%ld\n", (long)getpid());
	return n < 0 ? fail(err, "pidfile %s: %s", path, strerror(errno)) : 0;
}

int service_pidfile_open(const char *path, char *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return fail(err, "pidfile %s: %s", path, strerror(errno));
	if (lock(fd, path, err) == 0 && write_pid(fd, path, err) == 0)
		return fd;
	close(fd);
	return -1;
}

/* If the file was removed, another daemon may have created its own at PATH.  After a chroot, PATH
 * is another file, too. */
static bool is_ours(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && same_file(&mine, &there);
}

/* seccomp: daemon: ftruncate, unlinkat */
void service_pidfile_close(int fd, const char *path)
{
	if (fd < 0)
		return;
	if (ftruncate(fd, 0) == 0 && is_ours(fd, path))
		unlink(path);
	close(fd);
}

int service_notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len > sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return -1;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0'; /* an abstract name, which is not NUL-terminated */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	len += offsetof(struct sockaddr_un, sun_path);
	if (connect(fd, (struct sockaddr *)&to, (socklen_t)len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* seccomp: daemon: sendto */
bool service_notify(int fd, const char *state)
{
	return fd >= 0 && send(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* seccomp: daemon: sendmsg */
bool service_notify_fd(int fd, const char *state, int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	struct iovec text = {(void *)(uintptr_t)state, strlen(state)};
	struct msghdr m = {.msg_iov = &text,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
	return fd >= 0 && sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* The manager closes the descriptor that comes with BARRIER=1 when it has processed all earlier
 * messages.  Managers that do not know BARRIER close it as well. */
/* seccomp: daemon: socketpair, ppoll */
void service_notify_wait(int fd)
{
	int ends[2];
	struct pollfd closed = {.events = 0};

	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	if (service_notify_fd(fd, "BARRIER=1", ends[1])) {
		close(ends[1]);
		closed.fd = ends[0];
		poll(&closed, 1, 1000);
	} else {
		close(ends[1]);
	}
	close(ends[0]);
}

/* LISTEN_FDNAMES has the names in the order of the descriptors, separated by colons. */
int service_handed_over(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int fd = STDERR_FILENO + 1, end = first_inherited();
	size_t len;

	for (; names && fd < end; fd++) {
		len = strcspn(names, ":");
		if (len == strlen(name) && strncmp(names, name, len) == 0)
			return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
		names = names[len] ? names + len + 1 : NULL;
	}
	return -1;
}

int64_t service_watchdog(void)
{
	const char *limit = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long us = limit ? strtoll(limit, NULL, 10) : 0;

	if (us <= 0 || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return us < 2000 ? 1 : us / 2000;
}
