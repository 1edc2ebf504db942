/* leasefile - decides what happens to the lease file between the start of the daemon and its end.
 *
 * Opening checks, while somebody is there to read the message, everything that could fail later. */
#include "lease/leasefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "leasestate.h"

/* Times 20 ms: the keeper of a killed daemon may still wait for its disk. */
#define LOCK_TRIES  100
#define CLOCK_STEP  5 /* seconds; less is rounding */
#define KEEPER_REST 5 /* seconds between keepers */
#define TICK        1000

/* A network file system may have no such locks on directories; better to run than not to. */
static bool has_no_locks(int err)
{
	return err == EBADF || err == ENOLCK || err == EOPNOTSUPP || err == ENOSYS;
}

static bool lock_dir(int dir)
{
	const struct timespec nap = {.tv_nsec = 20000000};

	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(dir, LOCK_EX | LOCK_NB) == 0 || has_no_locks(errno))
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&nap, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

/* Can we make and remove files there?  Clears away a temporary that a crash left behind. */
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

#define USER_TEXT 64

/* Who we are, as chown(1) takes it.  Behind a change of the root directory there is no user
 * database, and what else is there must not be taken for a part of the C library's. */
static char *user_text(char buf[USER_TEXT], bool may_look)
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

static void say_missing(char *err, size_t size, const char *dir, const char *user)
{
	snprintf(err, size, "%s does not exist (create it: install -d -o %s %s)", dir, user, dir);
}

bool leasefile_missing(const char *dir, const char *name, const char *user, char *err,
		       size_t err_size)
{
	char who[USER_TEXT];
	struct stat st;

	if (stat(dir, &st) == 0 || errno != ENOENT)
		return false;
	say_missing(err, err_size, name, user ? user : user_text(who, true));
	return true;
}

static void say_dir(char *err, size_t size, const char *dir, const char *user)
{
	if (errno == ENOENT)
		say_missing(err, size, dir, user);
	else if (errno == ENOTDIR)
		snprintf(err, size, "%s is not a directory", dir);
	else if (errno == EWOULDBLOCK)
		snprintf(err, size,
			 "%s is in use by another nat64d (stop it, or give each its own)", dir);
	else if (errno == EISDIR)
		snprintf(err, size,
			 "%s: " LEASESYNC_NEW " is a directory, not a file (move it away)", dir);
	else if (errno == EPERM)
		snprintf(err, size,
			 "%s cannot be written by user %s: %s (is it immutable? lsattr -d "
			 "%s shows it)",
			 dir, user, strerror(errno), dir);
	else if (errno == EACCES)
		snprintf(err, size, "%s cannot be written by user %s (give it away: chown %s %s)",
			 dir, user, user, dir);
	else if (errno == EROFS)
		snprintf(err, size,
			 "%s is on a read-only file system (mount it writable, or choose "
			 "another; under systemd the unit needs ReadWritePaths=%s)",
			 dir, dir);
	else
		snprintf(err, size, "%s cannot be used: %s", dir, strerror(errno));
}

static void say_file(char *err, size_t size, const char *path, const char *user)
{
	if (errno == ELOOP)
		snprintf(err, size,
			 "%s is a symbolic link (it gets replaced: put the file itself there)",
			 path);
	else if (errno == EISDIR)
		snprintf(err, size, "%s is a directory, not a file (move it away)", path);
	else if (errno == EINVAL || errno == ENXIO)
		snprintf(err, size, "%s is not a regular file (move it away)", path);
	else if (errno == EPERM)
		snprintf(
			err, size,
			"%s cannot be written by user %s: %s (is it immutable? lsattr %s shows it)",
			path, user, strerror(errno), path);
	else if (errno == EACCES)
		snprintf(err, size, "%s cannot be written by user %s (chown %s %s)", path, user,
			 user, path);
	else
		snprintf(err, size, "%s cannot be opened: %s", path, strerror(errno));
}

static int open_dir(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -1;
	if (!lock_dir(dir) || !can_rewrite(dir)) {
		int err = errno;

		close(dir);
		errno = err;
		return -1;
	}
	return dir;
}

static int open_file(int dir)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(dir, LEASEFILE_NAME, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		/* Root makes it for whom the daemon will run as. */
		fd = leasesync_create(dir, LEASEFILE_NAME, 0644, geteuid() == 0 ? dir : -1);
		if (fd >= 0)
			fsync(dir);
	}
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* As root, or where nothing is written, access(2) sees what opening would. */
static bool can_use_dir(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return false;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	return access(dir, R_OK | W_OK | X_OK) == 0;
}

/* The file need not be there yet. */
static bool can_use_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT;
	if (S_ISREG(st.st_mode))
		return access(path, R_OK | W_OK) == 0;
	errno = S_ISLNK(st.st_mode) ? ELOOP : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return false;
}

bool leasefile_usable(const char *dir, const char *name, char *err, size_t err_size)
{
	char path[PATH_MAX + sizeof("/" LEASEFILE_NAME)], who[USER_TEXT];

	if (!can_use_dir(dir)) {
		say_dir(err, err_size, name, user_text(who, true));
		return false;
	}
	snprintf(path, sizeof(path), "%s/" LEASEFILE_NAME, dir);
	if (can_use_file(path))
		return true;
	snprintf(path, sizeof(path), "%s/" LEASEFILE_NAME, name);
	say_file(err, err_size, path, user_text(who, true));
	return false;
}

static void free_all(struct leasefile *f)
{
	if (f->temp.fd >= 0)
		close(f->temp.fd);
	if (f->file.fd >= 0)
		close(f->file.fd);
	if (f->dir >= 0)
		close(f->dir);
	free(f->prefixes);
	free(f->dir_path);
	free(f->path);
	free(f);
}

static char *name_of(const char *dir)
{
	size_t len = strlen(dir), size = len + sizeof("/" LEASEFILE_NAME);
	bool slash = len > 0 && dir[len - 1] == '/';
	char *name = malloc(size);

	if (name)
		snprintf(name, size, "%s%s%s", dir, slash ? "" : "/", LEASEFILE_NAME);
	return name;
}

static struct leasefile *new_state(const char *dir, const char *name)
{
	struct leasefile *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->dir = f->file.fd = f->temp.fd = f->keeper.fd = -1;
	f->write_delay = f->rewrite_delay = 1;
	f->rewrite_at = f->write_at = f->keeper_at = f->sync_at = INT32_MIN;
	f->dir_path = strdup(dir);
	f->path = name_of(name);
	if (f->dir_path && f->path)
		return f;
	free_all(f);
	return NULL;
}

struct leasefile *leasefile_open(const char *dir, const char *name, char *err, size_t err_size)
{
	struct leasefile *f = new_state(dir, name);
	bool chrooted = strcmp(dir, name) != 0;
	char who[USER_TEXT];

	if (!f) {
		snprintf(err, err_size, "%s: no memory", name);
		return NULL;
	}
	f->dir = open_dir(dir);
	if (f->dir < 0) {
		say_dir(err, err_size, name, user_text(who, !chrooted));
		free_all(f);
		return NULL;
	}
	f->file.fd = open_file(f->dir);
	if (f->file.fd < 0) {
		say_file(err, err_size, f->path, user_text(who, !chrooted));
		free_all(f);
		return NULL;
	}
	return f;
}

int leasefile_start(struct leasefile *f)
{
	if (!can_rewrite(f->dir) || leasesync_start(&f->keeper, f->dir, f->dir_path) < 0)
		return -1;
	f->started = true;
	leasestate_try_flush(f);
	return 0;
}

void leasefile_append(struct leasefile *f, struct lease *l, int32_t now)
{
	char line[LEASETEXT_MAX];

	f->now = now;
	pool_record(l, l->last < now ? l->last : now);
	leasestate_add(f, line, leasestate_line(f, line, l, l->saved));
}

int leasefile_commit(struct leasefile *f)
{
	int before = f->trouble[TROUBLE_WRITE];

	if (leasestate_try_flush(f) || before)
		return 0;
	errno = f->trouble[TROUBLE_WRITE];
	return -1;
}

int leasefile_fd(const struct leasefile *f)
{
	return f->keeper.fd;
}

/* A sync that fails may have thrown the data away [fsync(2)]: what helps is a new file. */
static void hear_sync(struct leasefile *f, int err)
{
	if (err == ESTALE) {
		leasestate_note(f, TROUBLE_MOVED, err);
		f->wanted = true;
	} else if (err != ECHILD) {
		leasestate_note(f, TROUBLE_SYNC, err);
		f->wanted = f->wanted || err;
	}
}

static void hear_keeper(struct leasefile *f)
{
	struct leasesync_answer a;

	while (leasesync_hear(&f->keeper, &a)) {
		leasestate_note(f, TROUBLE_KEEPER, a.err == ECHILD ? ECHILD : 0);
		if (a.err == ECHILD)
			f->dirty = true;
		if (a.task == LEASESYNC_SYNC)
			hear_sync(f, a.err);
		else
			leaserewrite_hear(f, &a);
	}
}

static void mind_keeper(struct leasefile *f)
{
	if (f->keeper.fd >= 0 || !f->started || f->now < f->keeper_at ||
	    !leasesync_reap(&f->keeper))
		return;
	f->keeper_at = f->now + KEEPER_REST;
	if (leasesync_start(&f->keeper, f->dir, f->dir_path) < 0)
		leasestate_note(f, TROUBLE_KEEPER, errno);
}

/* Records carry unix time. When the wall clock is set, those on disk become younger or older
 * than they are. */
static void mind_clock(struct leasefile *f, int32_t now, int64_t wall)
{
	int64_t base = wall - now;

	if (base > f->base + CLOCK_STEP || base < f->base - CLOCK_STEP) {
		f->base = base;
		f->wanted = true;
	}
	f->now = now;
}

/* After a reload the leases lie elsewhere: a rewrite that is under way begins again.  What it has
 * written already does no harm, the last line of a lease counts.  Some may have ended, or come
 * back: the file is to say so. */
static void mind_pool(struct leasefile *f, const struct pool *pool)
{
	if (f->pool != pool) {
		f->cursor = 0;
		f->wanted = f->wanted || f->pool;
	}
	f->pool = pool;
}

int leasefile_maintain(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		       int32_t now, int64_t wall)
{
	bool more;

	mind_clock(f, now, wall);
	mind_pool(f, pool);
	if (leasestate_set_prefixes(f, maps) != 0) {
		f->wanted = true;
		leaserewrite_restart(f);
	}
	hear_keeper(f);
	mind_keeper(f);
	leasestate_try_flush(f);
	more = leaserewrite_step(f, pool);
	if (f->dirty && now >= f->sync_at &&
	    leasesync_ask(&f->keeper, LEASESYNC_SYNC, f->file.fd)) {
		f->dirty = false;
		f->sync_at = now + 1;
	}
	return more ? 0 : TICK;
}

/* An idle keeper may be dead, too: only listening tells. */
static void settle(struct leasefile *f)
{
	hear_keeper(f);
	while (f->keeper.task != LEASESYNC_IDLE) {
		leasesync_wait(&f->keeper);
		hear_keeper(f);
	}
}

/* The last rewrite, from beginning to end: nobody is served any more, so it may wait. */
static bool rewrite_last(struct leasefile *f, struct pool *pool)
{
	settle(f);
	if (f->keeper.fd < 0) {
		leasesync_stop(&f->keeper);
		if (leasesync_start(&f->keeper, f->dir, f->dir_path) < 0)
			return false;
	}
	if (f->rewrite != REWRITE_NONE)
		leaserewrite_abandon(f, EINTR);
	f->drop = false; /* making the new one removes the old one */
	f->wanted = f->closing = true;
	f->rewrite_at = f->now;
	do {
		leaserewrite_step(f, pool);
		settle(f);
	} while (f->rewrite != REWRITE_NONE && f->keeper.fd >= 0);
	return f->closed;
}

int leasefile_close(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		    int32_t now, int64_t wall)
{
	bool good = true;
	int err;

	if (!f)
		return 0;
	mind_clock(f, now, wall);
	if (f->started && pool) {
		leasestate_set_prefixes(f, maps);
		leasestate_flush(f);
		good = rewrite_last(f, pool) || rewrite_last(f, pool);
	}
	err = leasefile_trouble(f);
	leasesync_stop(&f->keeper);
	free_all(f);
	if (good)
		return 0;
	errno = err ? err : EIO;
	return -1;
}
