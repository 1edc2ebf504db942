/* leasekeep - keeps a damaged lease file under another name. */
#include "leasekeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/fd.h"

#define KEPT  10
#define PIECE 65536

/* Returns 0, or -1 with errno. */
static int copy_all(int to, int from)
{
	char piece[PIECE];
	ssize_t n, done;

	for (off_t at = 0; (n = pread(from, piece, sizeof(piece), at)) > 0; at += done) {
		errno = ENOSPC; /* used if nothing can be written */
		done = write(to, piece, (size_t)n);
		if (done <= 0)
			return -1;
	}
	return n < 0 ? -1 : fsync(to);
}

/* seccomp: keeper: pread64, fsync */
static int copy_file(int dir, int fd, const char *name)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int to = openat(dir, name, flags, 0644), rc, err;

	if (to < 0)
		return -1;
	rc = copy_all(to, fd);
	err = errno;
	close(to);
	if (rc < 0)
		unlinkat(dir, name, 0);
	errno = err;
	return rc;
}

/* A hard link costs nothing, but some file systems have none, and another program may have replaced
 * the file. */
static int keep_as(int dir, int fd, const char *name, bool link)
{
	/* an earlier attempt kept this file but did not get as far as the rewrite */
	if (fd_has_name(dir, name, fd))
		return 0;
	if (link && fd_has_name(dir, LEASEFILE_NAME, fd) &&
	    linkat(dir, LEASEFILE_NAME, dir, name, 0) == 0)
		return 0;
	return copy_file(dir, fd, name);
}

int leasekeep_aside(int dir, int fd, bool link)
{
	char name[sizeof(LEASEKEEP_NAME) + 16];

	for (int i = 1; i <= KEPT; i++) {
		snprintf(name, sizeof(name), LEASEKEEP_NAME, i);
		if (keep_as(dir, fd, name, link) == 0)
			return i;
		if (errno != EEXIST)
			return -1;
	}
	return unlinkat(dir, name, 0) == 0 && keep_as(dir, fd, name, link) == 0 ? KEPT : -1;
}
