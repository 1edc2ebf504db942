/* conf_control - where a daemon with this configuration is spoken to. */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

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
