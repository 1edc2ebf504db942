/* leasekey - reads the secret of the pool from its file, and creates the file.
 *
 * A problem with the file in the directory of the lease file never prevents a start.  The daemon
 * then uses another secret, and the only consequence is that hosts without a lease get other
 * addresses than before.  An existing file is never replaced, because the operator may be able to
 * repair it from a backup.  A file elsewhere belongs to the operator, who uses it so that several
 * translators agree.  A translator with another secret would give hosts other addresses than the
 * others do, so an error prevents the start.
 *
 * It only shares the directory with the lease file.  The file is written once, and nothing waits
 * for it. */
#include "leasestate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_DIGITS 32
#define KEY_MAX    64 /* maximum bytes of a valid file: the digits, and white space */
#define SAY_SIZE   512
#define OTHERWISE  "; until then hosts without a lease get other addresses after each start"
#define NOT_PLAIN  "is not a regular file (move it away)" OTHERWISE
#define TEMPORARY  ".new"

#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* A shell command that prints a new key. */
#define MAKE "od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'"

struct keyfile {
	const struct leasefile *f;
	const char *name;
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Reports a problem, described by FMT, with the file whose name is followed by SUFFIX. */
__attribute__((format(printf, 3, 4))) static void say(const struct keyfile *k, const char *suffix,
						      const char *fmt, ...)
{
	int dir = (int)(strlen(k->f->path) - strlen(LEASEFILE_NAME));
	char text[SAY_SIZE], line[2 * SAY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%.*s%s%s %s", dir, k->f->path, k->name, suffix, text);
	k->say(k->arg, line);
}

static void say_unopened(const struct keyfile *k)
{
	if (errno == ELOOP)
		say(k, "", "is a symbolic link (replace it by the file itself)" OTHERWISE);
	else if (errno == ENXIO)
		say(k, "", NOT_PLAIN);
	else if (errno == EACCES)
		say(k, "", "cannot be read (make user %u its owner, the user of nat64d)" OTHERWISE,
		    (unsigned)geteuid());
	else
		say(k, "", "cannot be opened: %s" OTHERWISE, strerror(errno));
}

/* Returns true if this is a regular file with only one name.  Root reads it, too, in a directory of
 * another user, who could have linked another file there. */
static bool is_plain(const struct keyfile *k, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		say(k, "", NOT_PLAIN);
	else if (st.st_nlink != 1)
		say(k, "", "is a hard link (replace it by a copy)" OTHERWISE);
	else
		return true;
	return false;
}

static bool parse(const char *text, size_t len, struct siphash_key *key)
{
	if (len > KEY_MAX || strlen(text) != len ||
	    strspn(text, "0123456789abcdefABCDEF") != KEY_DIGITS ||
	    text[KEY_DIGITS + strspn(text + KEY_DIGITS, " \t\r\n")] != '\0')
		return false;
	return sscanf(text, "%16" SCNx64 "%16" SCNx64, &key->k0, &key->k1) == 2;
}

/* Returns 0; -1 with errno; or 1 if the content is not a key. */
static int scan(int fd, struct siphash_key *key)
{
	char text[KEY_MAX + 2] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	int rc = -1;

	if (n >= 0)
		rc = parse(text, (size_t)n, key) ? 0 : 1;
	explicit_bzero(text, sizeof(text));
	return rc;
}

/* The group may read it, so that root can own it.  A user who may write to it could do worse than
 * read it. */
static bool is_open_to_others(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXO | S_IWGRP));
}

static void read_key(const struct keyfile *k, int fd, struct siphash_key *key)
{
	int rc = scan(fd, key);

	if (rc < 0)
		say(k, "", "cannot be read: %s" OTHERWISE, strerror(errno));
	else if (rc > 0)
		say(k, "",
		    "does not consist of exactly %d hexadecimal digits (restore the old file, or "
		    "remove it: the next start creates a new one)" OTHERWISE,
		    KEY_DIGITS);
	else if (is_open_to_others(fd))
		say(k, "",
		    "is readable by other users (chmod 600 it): with it they can compute which "
		    "address a host gets");
}

static int fill(int fd, const struct siphash_key *key)
{
	char text[KEY_DIGITS + 2];
	int len = snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64 "\n", key->k0, key->k1);
	ssize_t n = -1;

	errno = ENOSPC; /* used if the write is short */
	if (fchmod(fd, 0600) == 0)
		n = write(fd, text, (size_t)len);
	explicit_bzero(text, sizeof(text));
	return n == len ? fsync(fd) : -1;
}

/* At any time, even after a crash, the file contains the complete key or does not exist. */
static int make(const struct keyfile *k, const struct siphash_key *key)
{
	char fresh[NAME_MAX + sizeof(TEMPORARY)];
	int dir = k->f->dir, fd, rc, err;

	snprintf(fresh, sizeof(fresh), "%s" TEMPORARY, k->name);
	if (unlinkat(dir, fresh, 0) < 0 && errno != ENOENT)
		return -1;
	fd = leasesync_create(dir, fresh, 0600, geteuid() == 0 ? dir : -1);
	if (fd < 0)
		return -1;
	rc = fill(fd, key);
	if (rc == 0)
		rc = renameat(dir, fresh, dir, k->name);
	err = errno;
	close(fd);
	if (rc < 0)
		unlinkat(dir, fresh, 0);
	else
		fsync(dir);
	errno = err;
	return rc;
}

void leasefile_key(struct leasefile *f, const char *name, struct siphash_key *key,
		   void (*say_line)(void *arg, const char *line), void *arg)
{
	const struct keyfile k = {.f = f, .name = name, .say = say_line, .arg = arg};
	int fd = openat(f->dir, name, OPEN_FLAGS | O_NOFOLLOW);

	if (fd >= 0) {
		if (is_plain(&k, fd))
			read_key(&k, fd, key);
		close(fd);
	} else if (errno != ENOENT) {
		say_unopened(&k);
	} else if (make(&k, key) < 0) {
		say(&k, TEMPORARY, "cannot be created: %s" OTHERWISE, strerror(errno));
	}
}

/* --- a file of the operator ----------------------------------------------------------------- */

static int explain(const char *name, char err[LEASEKEY_ERR])
{
	int why = errno;

	if (why == ENOENT || why == ENOTDIR)
		snprintf(err, LEASEKEY_ERR,
			 "%s does not exist (create it: " MAKE
			 " >%s; chgrp nat64d %s; chmod 640 %s)",
			 name, name, name, name);
	else if (why == EACCES)
		snprintf(err, LEASEKEY_ERR,
			 "%s cannot be read by user %u (chgrp nat64d %s; chmod 640 %s; that user "
			 "also needs access to its directories)",
			 name, (unsigned)geteuid(), name, name);
	else
		snprintf(err, LEASEKEY_ERR, "%s cannot be read: %s", name, strerror(why));
	errno = why;
	return -1;
}

static int refuse(const char *name, char err[LEASEKEY_ERR], const char *what)
{
	snprintf(err, LEASEKEY_ERR, "%s %s (create another one: " MAKE " >%s)", name, what, name);
	errno = EINVAL;
	return -1;
}

static int read_from(int fd, const char *name, struct siphash_key *key, char err[LEASEKEY_ERR])
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(name, err, "is not a regular file");
	rc = scan(fd, key);
	if (rc < 0)
		return explain(name, err);
	return rc == 0 ? 0 : refuse(name, err, "does not consist of exactly 32 hexadecimal digits");
}

int leasekey_read(const char *path, const char *name, struct siphash_key *key, bool *open_to_others,
		  char err[LEASEKEY_ERR])
{
	int fd = open(path, OPEN_FLAGS), rc, why;

	if (fd < 0)
		return errno == ENXIO ? refuse(name, err, "is not a regular file")
				      : explain(name, err);
	rc = read_from(fd, name, key, err);
	*open_to_others = is_open_to_others(fd);
	why = errno;
	close(fd);
	errno = why;
	return rc;
}
