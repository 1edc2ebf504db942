/* datadir - creates directories for the daemon or changes their owner, as root, only where no other
 * user can have replaced a component of the path. */
#include "daemon/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"

#define DATADIR_MODE 0750 /* equal to StateDirectoryMode= of the units */

static bool is_roots(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Opens the directory NAME in PARENT and closes PARENT.  Returns -1 unless it is a real directory
 * that only root can write to. */
static int step_into(int parent, const char *name)
{
	int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	close(parent);
	if (fd < 0 || is_roots(fd))
		return fd;
	close(fd);
	return -1;
}

/* Opens the parent directory of the absolute path PATH and stores the last component in
 * LAST.  Returns -1 if a user other than root can change a directory on the way. */
static int open_parent(const char *path, char last[NAME_MAX + 1])
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*last = '\0';
	while (fd >= 0) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			break;
		if (*last)
			fd = step_into(fd, last);
		if (n > NAME_MAX && fd >= 0) {
			close(fd);
			return -1;
		}
		memcpy(last, path, n);
		last[n] = '\0';
		path += n;
	}
	if (fd >= 0 && !*last) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_named_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The parent belongs to root, so no other user can replace the new directory. */
static void make(int parent, const char *name, const struct service_user *user)
{
	int fd;

	if (is_named_dots(name) || mkdirat(parent, name, DATADIR_MODE) < 0)
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fchown(fd, user->uid, user->gid) < 0 || fchmod(fd, DATADIR_MODE) < 0)
		unlinkat(parent, name, AT_REMOVEDIR);
	close(fd);
}

static bool is_taygas(const char *dir)
{
	size_t n = strlen(DATADIR_TAYGA);

	return strncmp(dir, DATADIR_TAYGA, n) == 0 && dir[n + strspn(dir + n, "/")] == '\0';
}

/* A file with more than one hard link may belong to another user. */
static void give_file(int dir, const char *name, const struct service_user *user)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
		(void)!fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH);
	close(fd);
}

/* The files may belong to root, since Tayga ran as root, and an earlier nat64d may have, too. */
static void give(int parent, const char *name, const struct service_user *user)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fchown(fd, user->uid, user->gid);
	give_file(fd, LEASEFILE_NAME, user);
	give_file(fd, LEASEFILE_KEY, user);
	close(fd);
}

void datadir_prepare(const char *dir, const struct service_user *user)
{
	char last[NAME_MAX + 1];
	int parent = open_parent(dir, last);
	struct stat st;

	if (parent < 0)
		return;
	if (fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		make(parent, last, user);
	else if (is_taygas(dir) && user->uid != (uid_t)-1)
		give(parent, last, user);
	close(parent);
}

/* Returns true if datadir_prepare() would create it. */
static bool can_be_made(const char *dir)
{
	char last[NAME_MAX + 1];
	int parent = open_parent(dir, last);
	struct statvfs fs;
	struct stat st;
	bool can;

	if (parent < 0)
		return false;
	can = !is_named_dots(last) && fstatvfs(parent, &fs) == 0 && !(fs.f_flag & ST_RDONLY) &&
	      fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
	close(parent);
	return can;
}

/* Returns true if datadir_prepare() would change its owner. */
static bool will_be_given(const char *dir)
{
	char last[NAME_MAX + 1];
	int parent, fd;

	if (!is_taygas(dir))
		return false;
	parent = open_parent(dir, last);
	if (parent < 0)
		return false;
	fd = openat(parent, last, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

typedef bool attempt(const char *path, const char *name, char *err, size_t err_size);

static bool read_key(const char *path, const char *name, char *err, size_t err_size)
{
	struct siphash_key key;
	char why[LEASEKEY_ERR];
	bool open_to_others;

	if (leasekey_read(path, name, &key, &open_to_others, why) == 0)
		return true;
	snprintf(err, err_size, "%s", why);
	return false;
}

/* Runs in a child process, which becomes USER.  Sends the error message, if any, to TO.  If root
 * cannot become USER, nothing is tried. */
static void say_tried(int to, attempt *try, const char *path, const char *name,
		      const struct service_user *user)
{
	char ignored[SERVICE_ERR], err[LEASEKEY_ERR] = "";

	if (service_user_become(user, NULL, ignored) == 0 && !try(path, name, err, sizeof(err)))
		(void)!write(to, err, strlen(err));
	_exit(0);
}

static bool is_usable_for(attempt *try, const char *path, const char *name,
			  const struct service_user *user, char *err, size_t err_size)
{
	ssize_t n, got = 0;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return true;
	child = fork();
	if (child == 0)
		say_tried(ends[1], try, path, name, user);
	close(ends[1]);
	while (child > 0 && (size_t)got < err_size - 1 &&
	       ((n = read(ends[0], err + got, err_size - 1 - (size_t)got)) > 0 ||
		(n < 0 && errno == EINTR)))
		got += n > 0 ? n : 0;
	err[got] = '\0';
	close(ends[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return got == 0;
}

bool datadir_usable(const char *dir, const char *name, const struct service_user *user, char *err,
		    size_t err_size)
{
	const char *owner = user->name[0] ? user->name : NULL;
	char number[24];

	if (!owner && user->uid != (uid_t)-1) {
		snprintf(number, sizeof(number), "%lu", (unsigned long)user->uid);
		owner = number;
	}
	if (leasefile_missing(dir, name, owner, err, err_size))
		return can_be_made(dir);
	if (geteuid() != 0 || user->uid == (uid_t)-1 || will_be_given(dir))
		return true;
	return is_usable_for(leasefile_usable, dir, name, user, err, err_size);
}

bool datadir_key_usable(const char *path, const char *name, const struct service_user *user,
			char *err, size_t err_size)
{
	bool other = user->uid != (uid_t)-1 && user->uid != geteuid();

	if (other && geteuid() == 0)
		return is_usable_for(read_key, path, name, user, err, err_size);
	return read_key(path, name, err, err_size) || (other && errno == EACCES);
}

void datadir_say_key(char line[CONF_LINE], const struct conf *c, const char *what)
{
	char file[CONF_SHORT];

	snprintf(line, CONF_LINE, "%s:%u: pool-key: %s", conf_short(file, c->path),
		 c->pool_key_line, what);
}

int datadir_complain(const struct conf *c, const char *format, ...)
{
	char what[LEASEFILE_ERR], line[CONF_LINE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	conf_say_data_dir(line, c, what);
	log_line(LEVEL_ERROR, line);
	return -1;
}
