/* nat64ctl - the client of the control socket: what its files share. */
#ifndef NAT64D_NAT64CTL_H
#define NAT64D_NAT64CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lease/leasehistory.h"
#include "lib/addr.h"
#include "lib/addr_text.h"
#include "lib/clock.h"

enum { /* exit statuses, a contract */
	CTL_DONE = 0,
	CTL_FAILED = 1, /* refused, failed, not permitted */
	CTL_USAGE = 2,
	CTL_NOBODY = 3, /* listens there */
};

#define CTL_WORDS  64                       /* of a command line */
#define CTL_SOCKET "/run/nat64d-%s/control" /* of an instance */

struct ctl {
	const char *path;     /* of the socket */
	const char *instance; /* whose name was given; NULL: none */
	pid_t wake;           /* the daemon, if its socket may have to be made again; 0: no */
	bool elsewhere;       /* the path was given instead */
	unsigned patience;    /* seconds for which the daemon may be silent; 0: as usual */
	bool json;
	char **word; /* the command and its arguments, without options; NULL behind the last */
	unsigned words;
	const char *request; /* the same as a line for the daemon */
};

/* An answer, or why there is none. */
struct ctl_reply {
	int status; /* CTL_... */
	bool lost;  /* the connection broke, and nobody knows what has become of the request */
	const char *line; /* the first line without its word, or what is wrong */
	const char *rest; /* the lines behind */
	char *memory;     /* where both are */
	size_t len, room; /* of it */
	pid_t pid;        /* of the daemon; 0: not known */
	char why[512];
};

/* Sends LINE, without newline, and fills R, to be given back with ctl_free(). */
void ctl_ask(const struct ctl *c, const char *line, struct ctl_reply *r);
void ctl_free(struct ctl_reply *r);

/* The same, but the lines behind the first one are not kept: TAKE, which is not called for an
 * answer that is refused, gets each as it comes, without its newline; it ends with false, as if
 * that had been all.  R has the lines of a refusal.  FOLLOW: nothing may come for as long as it
 * likes. */
typedef bool ctl_take(void *arg, char *line);
void ctl_each(const struct ctl *c, const char *request, bool follow, ctl_take *take, void *arg,
	      struct ctl_reply *r);

/* A ctl_take that prints; ARG is not used.  False: standard output takes no more. */
bool ctl_print_line(void *arg, char *line);

/* Is LINE how the daemon ends a list that it could not go on with?  Then it is said. */
bool ctl_breaks(const struct ctl *c, const char *line);

/* Prints R, and returns its status. */
int ctl_print(const struct ctl *c, const struct ctl_reply *r);

/* Has all that was printed gone out?  A status. */
int ctl_flush(void);

/* The value of the option NAME at *WORD, as "NAME=VALUE" or in the next word, to which *WORD is
 * moved then; empty if there is none.  NULL: another word. */
const char *ctl_value(char ***word, const char *name);

/* Says what is wrong in a line on standard error. */
void ctl_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints TEXT, and returns a status. */
int ctl_tell(const char *text);

#define CTL_PATH 4096

/* The directory of the history, as the daemon says, or if none runs, the configuration; *RUNNING:
 * one does.  A status; what is wrong is said. */
int ctl_find_history(const struct ctl *c, char dir[CTL_PATH], bool *running);

/* NULL: it cannot be read, which is said. */
struct leasehistory *ctl_open_history(const char *dir);

/* An address or a prefix on the command line. */
struct ctl_place {
	struct prefix prefix;
	bool one;             /* it is an address */
	char text[ADDR_TEXT]; /* the address, as the history has it */
};

/* A status; what is wrong is said. */
int ctl_read_place(const char *word, struct ctl_place *p);

/* Reads the time at *WORD as unix time, and moves *WORD to the last of its one or two words.  A
 * status; what is wrong is said. */
int ctl_time(char ***word, int64_t *out);

/* The commands for which it is not enough to ask the daemon and to print what it answers.  Each
 * returns the status to exit with. */
int ctl_counters(const struct ctl *c); /* --diff asks twice */
int ctl_history(const struct ctl *c);  /* is read from its files */
int ctl_leases(const struct ctl *c);   /* in another order, or not all of them */
int ctl_networks(const struct ctl *c); /* likewise */
int ctl_metrics(const struct ctl *c);  /* for a file, or as the answer to a request of HTTP */
int ctl_reload(const struct ctl *c);   /* root adds to the device what the configuration needs */
int ctl_top(const struct ctl *c);      /* who moves most at the moment */
int ctl_who(const struct ctl *c);      /* who had an address at a time: likewise */
void ctl_wake(const struct ctl *c);    /* before a reload, where nobody listens */

#endif
