/* fd - functions on descriptors that <unistd.h> and <sys/stat.h> do not provide. */
#include "lib/fd.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux before 5.9, or a seccomp filter that does not know it, has no close_range(2).  The loop
 * that replaces it must not follow a descriptor limit of 10^9. */
#define CLOSE_MOST 65536

bool fd_has_name(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       same_file(&a, &b);
}

void fd_close_between(int first, int last)
{
	long max = CLOSE_MOST;

	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0)
		return;
#endif
	if (sysconf(_SC_OPEN_MAX) > 0 && sysconf(_SC_OPEN_MAX) < max)
		max = sysconf(_SC_OPEN_MAX);
	for (int fd = first; fd <= last && fd < max; fd++)
		close(fd);
}
