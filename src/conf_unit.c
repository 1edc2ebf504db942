/* conf_unit - which configurations our units read, and where those keep their leases. */
#include <stdio.h>
#include <string.h>

#include "conf.h"

bool conf_unit_dir(const char *etc, const char *path, char *dir, size_t size)
{
	static const char one[] = "/nat64.conf", instances[] = "/nat64/", end[] = ".conf";
	size_t n = strlen(etc);

	if (strncmp(path, etc, n) != 0)
		return false;
	path += n;
	if (strcmp(path, one) == 0)
		return (size_t)snprintf(dir, size, "%s", CONF_UNIT_DIR) < size;
	if (strncmp(path, instances, strlen(instances)) != 0)
		return false;
	path += strlen(instances);
	n = strlen(path);
	if (n <= strlen(end) || strcmp(path + n - strlen(end), end) != 0 || strchr(path, '/'))
		return false;
	return (size_t)snprintf(dir, size, "%s/%.*s", CONF_UNIT_DIR, (int)(n - strlen(end)), path) <
	       size;
}
