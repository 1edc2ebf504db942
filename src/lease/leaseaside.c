/* leaseaside - decides under which name a damaged lease file is kept before it is rewritten.
 *
 * dynamic.map.bad-1 to -10. The first nine are never overwritten: what broke first tells most;
 * the tenth is that of the last damage. A hard link costs nothing; where there are none, a copy. */
#include "leasestate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

#define KEPT 10

static int copy_all(int from, int to)
{
	char buf[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (write(to, buf, (size_t)n) != n)
			return -1;
		at += n;
	}
	return n < 0 || fsync(to) < 0 ? -1 : 0;
}

static int copy_file(const struct leasefile *f, const char *name)
{
	int to = openat(f->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int err;

	if (to < 0)
		return -1;
	if (copy_all(f->file.fd, to) < 0) {
		err = errno ? errno : ENOSPC;
		close(to);
		unlinkat(f->dir, name, 0);
		errno = err;
		return -1;
	}
	return close(to);
}

static int keep_as(const struct leasefile *f, const char *name)
{
	struct stat mine, there;

	if (linkat(f->dir, LEASEFILE_NAME, f->dir, name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return copy_file(f, name);
	/* Kept by an earlier start that did not get as far as the rewrite. */
	if (fstat(f->file.fd, &mine) == 0 &&
	    fstatat(f->dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && same_file(&mine, &there))
		return 0;
	errno = EEXIST;
	return -1;
}

int leaseaside_keep(const struct leasefile *f, char *name, size_t size)
{
	for (unsigned i = 1; i <= KEPT; i++) {
		snprintf(name, size, "%s.bad-%u", LEASEFILE_NAME, i);
		if (keep_as(f, name) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	if (unlinkat(f->dir, name, 0) < 0)
		return -1;
	return keep_as(f, name);
}
