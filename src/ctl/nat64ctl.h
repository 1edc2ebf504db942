/* nat64ctl - the client of the control socket: definitions shared by its files. */
#ifndef NAT64D_NAT64CTL_H
#define NAT64D_NAT64CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lease/leasehistory.h"
#include "lib/addr.h"
#include "lib/addr_text.h"
#include "lib/clock.h"

enum { /* exit statuses; scripts rely on them */
	CTL_DONE = 0,
	CTL_FAILED = 1, /* refused, failed, not permitted */
	CTL_USAGE = 2,
	CTL_NOBODY = 3, /* no process listens there */
};

#define CTL_WORDS  64                       /* maximum words of a command line */
#define CTL_SOCKET "/run/nat64d-%s/control" /* socket of an instance */

struct ctl {
	const char *path;     /* of the socket */
	const char *instance; /* name of the instance, if it was given; or NULL */
	pid_t wake; /* process ID of the daemon, if its socket may have to be created again; or 0 */
	bool elsewhere;    /* the path was given instead of an instance */
	unsigned patience; /* seconds to wait for an answer; 0: the default */
	bool json;
	char **word; /* the command and its arguments, without options; terminated by NULL */
	unsigned words;
	const char *request; /* the same as a request line */
};

/* An answer, or the reason why there is none. */
struct ctl_reply {
	int status; /* CTL_... */
	bool lost;  /* the connection broke, so it is unknown whether the request was executed */
	const char *line; /* the first line without its first word, or the error message */
	const char *rest; /* the lines after it */
	char *memory;     /* the buffer that contains both */
	size_t len, room; /* of MEMORY */
	pid_t pid;        /* process ID of the daemon; 0: unknown */
	char why[512];
};

/* Sends LINE, which has no newline, and stores the answer in R.  Release it with ctl_free(). */
void ctl_ask(const struct ctl *c, const char *line, struct ctl_reply *r);
void ctl_free(struct ctl_reply *r);

/* The same, but sends all that can be read from the descriptor BODY after the line; -1: nothing. */
void ctl_ask_with(const struct ctl *c, const char *line, int body, struct ctl_reply *r);

/* The same, but passes each line after the first to TAKE as it arrives, without its newline.  If
 * TAKE returns false, the answer ends there.  TAKE is not called for a refusal; R holds its
 * lines.  FOLLOW: the daemon may be silent for any time. */
typedef bool ctl_take(void *arg, char *line);
void ctl_each(const struct ctl *c, const char *request, bool follow, ctl_take *take, void *arg,
	      struct ctl_reply *r);

/* A ctl_take that prints the line; ARG is not used.  False after a write error on standard output.
 */
bool ctl_print_line(void *arg, char *line);

/* True if LINE is the message by which the daemon ends an incomplete list.  Then prints it as an
 * error. */
bool ctl_breaks(const struct ctl *c, const char *line);

/* Prints R and returns its status. */
int ctl_print(const struct ctl *c, const struct ctl_reply *r);

/* Flushes standard output.  Returns a status. */
int ctl_flush(void);

/* Returns the value of the option NAME at *WORD, which is "NAME=VALUE" or in the next word.  In the
 * latter case, advances *WORD.  Returns "" if the value is missing; NULL if *WORD is not the
 * option.
 */
const char *ctl_value(char ***word, const char *name);

/* Prints an error message to standard error. */
void ctl_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints TEXT and returns a status. */
int ctl_tell(const char *text);

#define CTL_PATH 4096

/* Finds the directory of the history: asks the daemon or, if none is running, reads the
 * configuration. *RUNNING: whether a daemon is running.  Returns a status; errors are printed. */
int ctl_find_history(const struct ctl *c, char dir[CTL_PATH], bool *running);

/* Returns NULL after printing the error. */
struct leasehistory *ctl_open_history(const char *dir);

/* Closes H, after a warning about damage that the searches have met. */
void ctl_close_history(struct leasehistory *h, const char *dir);

/* An address or a prefix on the command line. */
struct ctl_place {
	struct prefix prefix;
	bool one;             /* it is a single address */
	char text[ADDR_TEXT]; /* the address in the form that the history uses */
};

/* Returns a status; errors are printed. */
int ctl_read_place(const char *word, struct ctl_place *p);

/* Parses the time at *WORD to unix time, and advances *WORD to the last of its one or two
 * words.  Returns a status; errors are printed. */
int ctl_time(char ***word, int64_t *out);

/* The commands that do more than send a request and print the answer.  Each returns the exit
 * status.
 */
int ctl_counters(const struct ctl *c); /* --diff asks twice */
int ctl_history(const struct ctl *c);  /* reads the files of the history */
int ctl_import(const struct ctl *c);   /* sends standard input */
int ctl_leases(const struct ctl *c);   /* sorts and limits */
int ctl_networks(const struct ctl *c); /* sorts and limits */
int ctl_metrics(const struct ctl *c);  /* writes a file, or answers an HTTP request */
int ctl_reload(const struct ctl *c); /* as root, adds to the device what the configuration needs */
int ctl_top(const struct ctl *c);    /* shows the hosts with the most traffic */
int ctl_who(const struct ctl *c);    /* for a past time, reads the files of the history */
void ctl_wake(const struct ctl *c);  /* before a reload, if no process listens */

#endif
