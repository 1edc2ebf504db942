/* nat64ctl - the client of the control socket: what its files share. */
#ifndef NAT64D_NAT64CTL_H
#define NAT64D_NAT64CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { /* exit statuses, a contract */
	CTL_DONE = 0,
	CTL_FAILED = 1, /* refused, failed, not permitted */
	CTL_USAGE = 2,
	CTL_NOBODY = 3, /* listens there */
};

struct ctl {
	const char *path; /* of the socket */
	bool json;
};

/* An answer, or why there is none. */
struct ctl_reply {
	int status; /* CTL_... */
	bool lost;  /* the connection broke, and nobody knows what has become of the request */
	const char *line; /* the first line without its word, or what is wrong */
	const char *rest; /* the lines behind */
	char *memory;     /* where both are */
	pid_t pid;        /* of the daemon; 0: not known */
	char why[512];
};

/* Sends LINE, without newline, and fills R, to be given back with ctl_free(). */
void ctl_ask(const struct ctl *c, const char *line, struct ctl_reply *r);
void ctl_free(struct ctl_reply *r);

/* Prints R, and returns its status. */
int ctl_print(const struct ctl *c, const struct ctl_reply *r);

/* Says what is wrong in a line on standard error. */
void ctl_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* `reload` by root: the device gets what the configuration needs before the daemon is asked. */
int ctl_reload(const struct ctl *c);

#endif
