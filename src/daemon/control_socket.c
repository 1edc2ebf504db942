/* control_socket - creates the control socket, replaces stale ones, and sets its group and mode. */
#include "control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control.h"
#include "lib/fd.h"
#include "lib/path.h"

static int fail(char *err, const char *why, const char *advice)
{
	snprintf(err, CONTROL_ERR, "%s%s", why, advice);
	return -1;
}

static int fail_errno(char *err)
{
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return fail(err, strerror(errno),
			    " (the user of nat64d must be able to write to its directory)");
	if (errno == ENOENT)
		return fail(err, strerror(errno), " (create its directory)");
	return fail(err, strerror(errno), "");
}

/* Returns true if a process listens there.  A full backlog also proves that. */
/* seccomp: daemon: socket, connect */
static bool is_alive(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
		     (errno != ECONNREFUSED && errno != ENOENT);

	if (fd >= 0)
		close(fd);
	return alive;
}

/* Replaces only a stale socket, never another file. */
static int replace(int fd, const struct sockaddr_un *at, char *err)
{
	struct stat st;

	if (lstat(at->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return fail(err, "it exists and is not a socket", "");
	if (is_alive(at))
		return fail(err, "another process already listens there", " (another nat64d?)");
	if (unlink(at->sun_path) < 0 && errno != ENOENT)
		return fail_errno(err);
	return bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? fail_errno(err) : 0;
}

/* seccomp: daemon: fchownat */
static int give_to_group(const struct control_socket *s, char *err)
{
	if (s->gid == (gid_t)-1 || chown(s->path, (uid_t)-1, s->gid) == 0)
		return 0;
	return fail(err, "cannot change its group to control-group: ", strerror(errno));
}

/* Sets group and mode before listen(), so that no other user can connect early. */
/* seccomp: daemon: fchmodat, newfstatat, listen */
static int open_to_others(const struct control_socket *s, int fd, struct stat *made, char *err)
{
	if (give_to_group(s, err) < 0)
		return -1;
	if (chmod(s->path, 0660) < 0 || lstat(s->path, made) < 0 || listen(fd, SOMAXCONN) < 0)
		return fail_errno(err);
	return 0;
}

/* seccomp: daemon: bind, unlinkat */
static int bind_path(const struct control_socket *s, int fd, struct stat *made, char *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strcpy(at.sun_path, s->path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 &&
	    (errno != EADDRINUSE ? fail_errno(err) : replace(fd, &at, err)) < 0)
		return -1;
	if (open_to_others(s, fd, made, err) == 0)
		return 0;
	unlink(s->path);
	return -1;
}

int control_socket_listen(struct control_socket *s, char *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat made;

	if (fd < 0)
		return fail_errno(err);
	if (bind_path(s, fd, &made, err) < 0) {
		close(fd);
		return -1;
	}
	s->fd = fd;
	s->made = made;
	return 0;
}

bool control_socket_is_there(const struct control_socket *s)
{
	struct stat there;

	return s->fd >= 0 && lstat(s->path, &there) == 0 && same_file(&there, &s->made);
}

/* seccomp: daemon: mkdirat, fchmodat */
void control_socket_make_directory(const struct control_socket *s)
{
	char dir[sizeof(s->path)];

	if (path_directory(dir, sizeof(dir), s->path) && mkdir(dir, 0750) == 0)
		chmod(dir, 0750); /* regardless of the umask */
}
