/* service - running as a service: detaching from the terminal, the pid file, changing the user,
 * talking to the service manager.
 *
 * Functions with ERR return 0, or -1 with one line there that names the object and the remedy. */
#ifndef NAT64D_SERVICE_H
#define NAT64D_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_ERR 256 /* room for a message */

/* Opens /dev/null in place of standard input, output and error where the caller has closed
 * them; if it is missing, the root directory.  Must be called before any other file is opened.
 * Otherwise a file or the device could get one of these numbers, and messages would be written to
 * it. */
void service_fill_streams(void);

/* Closes descriptors that the process inherited, except standard input, output and error, KEEP (-1:
 * none) and those from a service manager [sd_listen_fds(3)].  Otherwise a script that waits for the
 * end of our output would wait for the daemon, and a descriptor could lead out of a chroot. */
void service_close_inherited(int keep);

/* The process that started us and waits for the result. */
struct service_caller {
	int word; /* pipe on which it waits for the result */
	int null; /* /dev/null, which cannot be opened inside a chroot */
};

/* Continues in a child process in a new session.  The original process waits for the result and
 * exits: with 0 after service_detached(), with 1 if the child ends before.  Returns 0, or -1 with
 * errno. */
int service_detach(struct service_caller *c);

/* Reports success: the caller's process exits with 0.  From now on, standard input, output and
 * error are /dev/null; KEEP_STDOUT leaves standard output as it is. */
void service_detached(const struct service_caller *c, bool keep_stdout);

struct service_user {
	uid_t uid;     /* -1: do not change it */
	gid_t gid;     /* -1: do not change it */
	gid_t also;    /* an additional group; -1: none */
	char name[64]; /* for the supplementary groups; empty: none */
};

/* Looks up USER and GROUP, which are names or numbers; NULL: not given. */
int service_user_find(struct service_user *u, const char *user, const char *group, char *err);

/* Looks up GROUP, which is a name or a number. */
int service_group_find(gid_t *gid, const char *group, char *err);

/* Returns true if this process is a member of group GID. */
bool service_is_in(gid_t gid);

/* Changes the root directory to ROOT (NULL: does not), then drops to the user and group
 * permanently. */
int service_user_become(const struct service_user *u, const char *root, char *err);

/* Opens PATH, locks it against a second daemon, and writes our process ID into it.  Returns its
 * descriptor, or -1. */
int service_pidfile_open(const char *path, char *err);
/* Empties the file.  Removes it too, if that is permitted and PATH is still this file. */
void service_pidfile_close(int fd, const char *path);

/* Returns a socket to the service manager that NOTIFY_SOCKET names [sd_notify(3)], or -1.  Must be
 * called before chroot(). */
int service_notify_open(void);
/* Sends STATE, such as "READY=1".  Never blocks; FD may be -1.  False if it was not sent. */
bool service_notify(int fd, const char *state);
/* The same, together with a copy of the descriptor PASSED. */
bool service_notify_fd(int fd, const char *state, int passed);
/* Waits until the manager has processed everything that it was sent, for at most a second. */
void service_notify_wait(int fd);
/* Returns the descriptor that the manager passed under NAME [sd_listen_fds_with_names(3)], or -1.
 */
int service_handed_over(const char *name);
/* Returns the interval in ms at which the service manager must be notified, half of its limit; 0 if
 * it does not ask for that. */
int64_t service_watchdog(void);

#endif
