/* fd - what <unistd.h> and <sys/stat.h> lack about descriptors. */
#include "lib/fd.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Before Linux 5.9, or behind a filter that does not know it, there is no close_range(2).  A limit
 * of a thousand million descriptors must not make a loop of as many. */
#define CLOSE_MOST 65536

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
