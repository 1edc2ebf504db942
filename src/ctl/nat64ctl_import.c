/* nat64ctl_import - sends standard input to the daemon. */
#include <unistd.h>

#include "nat64ctl.h"

int ctl_import(const struct ctl *c)
{
	struct ctl_reply r;
	int status;

	ctl_ask_with(c, c->request, STDIN_FILENO, &r);
	status = ctl_print(c, &r);
	ctl_free(&r);
	return status;
}
