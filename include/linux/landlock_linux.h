/* landlock_linux - limits this process and its children to some directories [landlock(7)]. */
#ifndef NAT64D_LANDLOCK_LINUX_H
#define NAT64D_LANDLOCK_LINUX_H

#include <stddef.h>

enum landlock_may { /* what the process may do beneath a directory */
	LANDLOCK_READ = 1,
	LANDLOCK_WRITE = 2,  /* create, write and remove files */
	LANDLOCK_SOCKET = 4, /* create sockets and directories */
	LANDLOCK_REMOVE = 8, /* remove files */
};

struct landlock_place {
	const char *path; /* NULL: DIR is its descriptor */
	int dir;
	unsigned may;
};

/* Denies this process everything beneath directories other than the N places.  A place that does
 * not exist is left out.  Files that are open stay open.  Also denies TCP, and signals and abstract
 * sockets of other processes, where the kernel can.  Returns the ABI that the kernel applies, or -1
 * with errno. */
int landlock_enter(const struct landlock_place *place, size_t n);

#endif
