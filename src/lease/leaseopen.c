/* leaseopen - checks at the start whether a directory can keep leases.
 *
 * It checks everything that could fail later, while an operator is likely to see the message. */
#include "lease/leasefile.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "leasestate.h"
#include "lib/fd.h"

/* Times 20 ms: the keeper of a killed daemon may still be waiting for its disk. */
#define LOCK_TRIES 100
#define USER_TEXT  64

/* Messages by errno. %p is the path, %u the user, %e the text of strerror(). */
struct prose {
	int err; /* 0: any other */
	const char *text;
};

static const struct prose dir_prose[] = {
	{ENOENT, "%p does not exist (create it: install -d -o %u %p)"},
	{ENOTDIR, "%p is not a directory"},
	{EWOULDBLOCK, "%p is in use by another nat64d (stop it, or give each its own directory)"},
	{EISDIR, "%p: " LEASESYNC_NEW " is a directory, not a file (move it away)"},
	{EPERM, "%p cannot be written by user %u: %e (is it immutable? check with lsattr -d %p)"},
	{EACCES, "%p cannot be written by user %u (change its owner: chown %u %p)"},
	{EROFS, "%p is on a read-only file system (mount it writable, or choose another directory; "
		"under systemd the unit needs ReadWritePaths=%p)"},
	{0, "%p cannot be used: %e"},
};

static const struct prose file_prose[] = {
	{ELOOP, "%p is a symbolic link, but nat64d replaces the file when it rewrites it (move the "
		"file itself there)"},
	{EISDIR, "%p is a directory, not a file (move it away)"},
	{EINVAL, "%p is not a regular file (move it away)"},
	{ENXIO, "%p is not a regular file (move it away)"},
	{EPERM, "%p cannot be written by user %u: %e (is it immutable? check with lsattr %p)"},
	{EACCES, "%p cannot be written by user %u (chown %u %p)"},
	{0, "%p cannot be opened: %e"},
};

/* Formats the message for errno about PATH. */
static void explain(char *out, size_t size, const struct prose *p, const char *path,
		    const char *user)
{
	int err = errno;
	size_t n = 0;

	while (p->err && p->err != err)
		p++;
	for (const char *s = p->text; *s && n < size;) {
		size_t plain = strcspn(s, "%");
		char kind = s[plain] ? s[plain + 1] : '\0';
		const char *word = kind == 'p'   ? path
				   : kind == 'u' ? user
				   : kind == 'e' ? strerror(err)
						 : "";

		n += (size_t)snprintf(out + n, size - n, "%.*s%s", (int)plain, s, word);
		s += plain + (kind ? 2 : 0);
	}
}

/* Returns our user as chown(1) accepts it.  After a change of the root directory there is no user
 * database.  Files there must not be loaded as modules of the C library either, so getpwuid() is
 * not called then. */
static const char *user_text(char buf[USER_TEXT], bool may_look)
{
	const struct passwd *pw;
	int saved = errno;

	snprintf(buf, USER_TEXT, "%u", (unsigned)geteuid());
	pw = may_look ? getpwuid(geteuid()) : NULL;
	if (pw && strlen(pw->pw_name) < USER_TEXT)
		strcpy(buf, pw->pw_name);
	errno = saved;
	return buf;
}

bool leasefile_missing(const char *dir, const char *name, const char *user, char *err,
		       size_t err_size)
{
	char who[USER_TEXT];
	struct stat st;

	if (stat(dir, &st) == 0 || errno != ENOENT)
		return false;
	explain(err, err_size, dir_prose, name, user ? user : user_text(who, true));
	return true;
}

/* A network file system may not support such locks on directories.  Runs without a lock then. */
static bool has_no_locks(int err)
{
	return err == EBADF || err == ENOLCK || err == EOPNOTSUPP || err == ENOSYS;
}

static bool lock_dir(int dir)
{
	const struct timespec nap = {.tv_nsec = 20000000};

	for (unsigned i = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return has_no_locks(errno);
		if (i == LOCK_TRIES) {
			errno = EWOULDBLOCK;
			return false;
		}
		nanosleep(&nap, NULL);
	}
	return true;
}

/* Returns true if files can be created and removed in DIR.  Also removes a temporary file that a
 * crash left. */
static bool can_rewrite(int dir)
{
	int fd = -1;

	if (leasesync_drop(dir) == 0)
		fd = leasesync_create(dir, LEASESYNC_NEW, 0644, -1);
	if (fd < 0)
		return errno != EACCES && errno != EPERM && errno != EROFS && errno != EISDIR;
	close(fd);
	leasesync_drop(dir);
	return true;
}

/* seccomp: daemon: faccessat */
static bool open_dir(struct leasefile *f, bool look)
{
	f->dir = open(f->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		return false;
	if (look)
		return faccessat(f->dir, ".", R_OK | W_OK | X_OK, 0) == 0;
	return lock_dir(f->dir) && can_rewrite(f->dir);
}

static bool open_file(struct leasefile *f, bool look)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(f->dir, LEASEFILE_NAME, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (look)
			return true;
		/* root creates it for the user that the daemon will run as */
		fd = leasesync_create(f->dir, LEASEFILE_NAME, 0644, geteuid() == 0 ? f->dir : -1);
		if (fd >= 0)
			fsync(f->dir);
	}
	f->file.fd = fd;
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f->written = st.st_mtime;
		return true;
	}
	errno = EINVAL;
	return false;
}

static struct leasefile *new_state(const char *dir, const char *name)
{
	struct leasefile *f = calloc(1, sizeof(*f));
	const char *slash = *name && name[strlen(name) - 1] == '/' ? "" : "/";

	if (!f)
		return NULL;
	f->dir = f->file.fd = f->temp.fd = f->keeper.fd = f->small.fd = -1;
	f->write_delay = f->rewrite_delay = 1;
	f->rewrite_at = f->write_at = f->keeper_at = f->sync_at = INT32_MIN;
	f->dir_path = strdup(dir);
	if (f->dir_path && asprintf(&f->path, "%s%s" LEASEFILE_NAME, name, slash) >= 0)
		return f;
	free(f->dir_path);
	free(f);
	return NULL;
}

/* LOOK: only checks; creates and locks nothing. */
static struct leasefile *open_both(const char *dir, const char *name, bool look, char *err,
				   size_t err_size)
{
	struct leasefile *f = new_state(dir, name);
	bool chrooted = !look && strcmp(dir, name) != 0;
	char who[USER_TEXT];

	if (!f)
		snprintf(err, err_size, "%s: out of memory", name);
	else if (!open_dir(f, look))
		explain(err, err_size, dir_prose, name, user_text(who, !chrooted));
	else if (!open_file(f, look))
		explain(err, err_size, file_prose, f->path, user_text(who, !chrooted));
	else
		return f;
	leasefile_close(f, NULL, NULL, 0, 0);
	return NULL;
}

struct leasefile *leasefile_open(const char *dir, const char *name, char *err, size_t err_size)
{
	return open_both(dir, name, false, err, err_size);
}

bool leasefile_usable(const char *dir, const char *name, char *err, size_t err_size)
{
	struct leasefile *f = open_both(dir, name, true, err, err_size);

	leasefile_close(f, NULL, NULL, 0, 0);
	return f != NULL;
}

int leasefile_start(struct leasefile *f)
{
	if (!can_rewrite(f->dir) || leasesync_start(&f->keeper, f->dir, f->dir_path, f->log) < 0)
		return -1;
	f->started = true;
	leasefile_commit(f);
	return 0;
}
