/* fd - functions on descriptors that <unistd.h> and <sys/stat.h> do not provide. */
#ifndef NAT64D_FD_H
#define NAT64D_FD_H

#include <stdbool.h>
#include <sys/stat.h>

static inline bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Returns true if NAME in the directory DIR refers to the file FD. */
bool fd_has_name(int dir, const char *name, int fd);

/* Closes all descriptors from FIRST to LAST. */
void fd_close_between(int first, int last);

#endif
