/* path - parts of the names of files. */
#ifndef NAT64D_PATH_H
#define NAT64D_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the directory of the file PATH to DIR, which has SIZE bytes.  False if it is the root
 * directory, or if it does not fit. */
bool path_directory(char *dir, size_t size, const char *path);

#endif
