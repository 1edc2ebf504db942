/* leasekey - decides whether the secret of the pool can be had from its file, and makes the file.
 *
 * Nothing here stops a start: with a secret of its own the daemon translates all the same, only
 * that hosts without a lease do not get the addresses that they had. What is there is never
 * replaced, since it may be a backup away from being right.
 *
 * Of the lease file it shares the directory, and nothing else: it is written once, and nothing
 * waits for it. */
#include "leasestate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_NEW    LEASEFILE_KEY ".new"
#define KEY_DIGITS 32
#define KEY_MAX    64 /* bytes of a file that is worth reading: the digits, and white space */
#define SAY_SIZE   512
#define OTHERWISE  "; until then hosts without a lease get other addresses after each start"
#define NOT_PLAIN  "is not a regular file (move it away)" OTHERWISE

struct keyfile {
	const struct leasefile *f;
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Says that the file, or the one that SUFFIX makes it, is as FMT has it. */
__attribute__((format(printf, 3, 4))) static void say(const struct keyfile *k, const char *suffix,
						      const char *fmt, ...)
{
	int dir = (int)(strlen(k->f->path) - strlen(LEASEFILE_NAME));
	char text[SAY_SIZE], line[2 * SAY_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%.*s" LEASEFILE_KEY "%s %s", dir, k->f->path, suffix, text);
	k->say(k->arg, line);
}

static void say_unopened(const struct keyfile *k)
{
	if (errno == ELOOP)
		say(k, "", "is a symbolic link (put the file itself there)" OTHERWISE);
	else if (errno == ENXIO)
		say(k, "", NOT_PLAIN);
	else if (errno == EACCES)
		say(k, "", "cannot be read (give it to user %u, whom nat64d runs as)" OTHERWISE,
		    (unsigned)geteuid());
	else
		say(k, "", "cannot be opened: %s" OTHERWISE, strerror(errno));
}

/* Is this a file that only its owner has put there?  Root reads it, too, in a directory that is
 * another user's. */
static bool is_plain(const struct keyfile *k, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		say(k, "", NOT_PLAIN);
	else if (st.st_nlink != 1)
		say(k, "", "is a hard link (put a copy in its place)" OTHERWISE);
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

static void read_key(const struct keyfile *k, int fd, struct siphash_key *key)
{
	char text[KEY_MAX + 2] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	struct stat st;

	if (n < 0)
		say(k, "", "cannot be read: %s" OTHERWISE, strerror(errno));
	else if (!parse(text, (size_t)n, key))
		say(k, "",
		    "does not have %d hexadecimal digits and nothing else (put back the old file, "
		    "or remove it: the next start makes a new one)" OTHERWISE,
		    KEY_DIGITS);
	else if (fstat(fd, &st) == 0 && (st.st_mode & 077))
		say(k, "",
		    "is open to other users (chmod 600 it): whoever reads it can compute which "
		    "address a host gets");
}

static int fill(int fd, const struct siphash_key *key)
{
	char text[KEY_DIGITS + 2];
	int len = snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64 "\n", key->k0, key->k1);

	if (fchmod(fd, 0600) < 0)
		return -1;
	errno = ENOSPC; /* of a write that is short */
	return write(fd, text, (size_t)len) == len ? fsync(fd) : -1;
}

/* Under its name there is the whole key or nothing, whatever happens. */
static int make(int dir, const struct siphash_key *key)
{
	int fd, rc, err;

	if (unlinkat(dir, KEY_NEW, 0) < 0 && errno != ENOENT)
		return -1;
	fd = leasesync_create(dir, KEY_NEW, 0600, geteuid() == 0 ? dir : -1);
	if (fd < 0)
		return -1;
	rc = fill(fd, key);
	if (rc == 0)
		rc = renameat(dir, KEY_NEW, dir, LEASEFILE_KEY);
	err = errno;
	close(fd);
	if (rc < 0)
		unlinkat(dir, KEY_NEW, 0);
	else
		fsync(dir);
	errno = err;
	return rc;
}

void leasefile_key(struct leasefile *f, struct siphash_key *key,
		   void (*say_line)(void *arg, const char *line), void *arg)
{
	const struct keyfile k = {.f = f, .say = say_line, .arg = arg};
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(f->dir, LEASEFILE_KEY, flags);

	if (fd >= 0) {
		if (is_plain(&k, fd))
			read_key(&k, fd, key);
		close(fd);
	} else if (errno != ENOENT) {
		say_unopened(&k);
	} else if (make(f->dir, key) < 0) {
		say(&k, ".new", "cannot be made: %s" OTHERWISE, strerror(errno));
	}
}
