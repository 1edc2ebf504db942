/* service - what makes a program a service: detaching, the pid file, the user it runs as, the
 * service manager.
 *
 * Functions with ERR return 0, or -1 with one line there that names the thing and the remedy. */
#ifndef NAT64D_SERVICE_H
#define NAT64D_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_ERR 256 /* room for a message */

/* Opens /dev/null in the place of standard input, output or error where the caller has closed it.
 * To be called before anything else is opened: a file or device of ours must not stand there, where
 * messages go. */
void service_fill_streams(void);

/* Closes what the caller had open when it started us: a script that waits for the end of our output
 * must not wait for that of a copy, and nothing leads out of a chroot.  KEEP is ours (-1: none);
 * standard input, output and error stay, and so does what a service manager hands over
 * [sd_listen_fds(3)]. */
void service_close_inherited(int keep);

/* The process that has started us, while it waits. */
struct service_caller {
	int word; /* where it reads how the start has ended */
	int null; /* /dev/null, which cannot be opened from inside a chroot */
};

/* Goes on in a child in a session of its own, while the caller's process waits for the child's word
 * and exits with it: 0 after service_detached(), 1 if the child ends before.  0, or -1 with errno.
 */
int service_detach(struct service_caller *c);

/* All is well: lets the caller's process exit 0.  Standard input, output and error are /dev/null
 * from here on, but KEEP_STDOUT keeps the second. */
void service_detached(const struct service_caller *c, bool keep_stdout);

struct service_user {
	uid_t uid;     /* -1: stay who we are */
	gid_t gid;     /* -1: likewise */
	gid_t also;    /* a group to be in besides; -1: none */
	char name[64]; /* for supplementary groups; empty: none */
};

/* Looks up USER and GROUP, names or numbers; NULL: not given. */
int service_user_find(struct service_user *u, const char *user, const char *group, char *err);

/* Looks up GROUP, a name or a number. */
int service_group_find(gid_t *gid, const char *group, char *err);

/* Is group GID one of ours? */
bool service_is_in(gid_t gid);

/* Changes the root directory to ROOT (NULL: not), and then the user and group for good. */
int service_user_become(const struct service_user *u, const char *root, char *err);

/* Opens PATH, locks it against a second daemon, and writes our process number into it. Returns its
 * descriptor, or -1. */
int service_pidfile_open(const char *path, char *err);
/* Empties the file, and removes it if we may and PATH still is this file. */
void service_pidfile_close(int fd, const char *path);

/* The socket to the service manager that NOTIFY_SOCKET names [sd_notify(3)], or -1.  To be called
 * before chroot. */
int service_notify_open(void);
/* Sends STATE, such as "READY=1".  Never waits; FD may be -1.  False if it has not been taken. */
bool service_notify(int fd, const char *state);
/* The same, with a copy of descriptor PASSED. */
bool service_notify_fd(int fd, const char *state, int passed);
/* Returns when the manager has dealt with all that it was sent, or after a second. */
void service_notify_wait(int fd);
/* The descriptor that the manager has handed over under NAME [sd_listen_fds_with_names(3)], or -1.
 */
int service_handed_over(const char *name);
/* How often the service manager wants to hear of us, in milliseconds, half its limit; 0: not at
 * all. */
int64_t service_watchdog(void);

#endif
