/* path - parts of the names of files. */
#include "lib/path.h"

#include <string.h>

bool path_directory(char *dir, size_t size, const char *path)
{
	const char *end = strrchr(path, '/');
	size_t len = end ? (size_t)(end - path) : 1;

	while (end && len > 0 && path[len - 1] == '/')
		len--;
	if (len == 0 || len >= size)
		return false;
	memcpy(dir, end ? path : ".", len);
	dir[len] = '\0';
	return true;
}
