/* conf_unit - which configurations our units read, where those keep their leases, and where they
 * are spoken to. */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

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

const char *conf_control_path(const struct conf *c, const char *runtime_dir,
			      char out[CONF_SOCKET_MAX])
{
	int n;

	if (c->control_off)
		return NULL;
	if (c->control) {
		snprintf(out, CONF_SOCKET_MAX, "%s", c->control);
		return out;
	}
	if (!runtime_dir || *runtime_dir != '/')
		return NULL;
	n = snprintf(out, CONF_SOCKET_MAX, "%.*s/control", (int)strcspn(runtime_dir, ":"),
		     runtime_dir);
	return n < CONF_SOCKET_MAX ? out : NULL;
}
