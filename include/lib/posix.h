/* posix - <unistd.h> and <fcntl.h> for files that also need reason.h: all three have an R_OK, and
 * access(2)'s is a macro that would silently win.  And what <sys/stat.h> lacks. */
#ifndef NAT64D_POSIX_H
#define NAT64D_POSIX_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>
#undef R_OK

static inline bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Closes every descriptor from FIRST to LAST. */
void posix_close_between(int first, int last);

#endif
