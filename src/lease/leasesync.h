/* leasesync - the keeper: a child process that waits for the disk, so that the daemon does not have
 * to.
 *
 * It does one task at a time, which is requested and answered over a socket.  No function here
 * blocks the parent, except leasesync_wait() and leasesync_stop().  Events of the history come
 * through shared memory.
 *
 * File names are relative to a descriptor of the directory.  The path of the directory, as seen
 * inside a chroot, is only used if the directory was removed. */
#ifndef NAT64D_LEASESYNC_H
#define NAT64D_LEASESYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lease/leasefile.h"
#include "lease/leaselog.h"

#define LEASESYNC_NEW LEASEFILE_NAME ".new"

enum leasesync_task {
	LEASESYNC_IDLE,
	LEASESYNC_SYNC,   /* fdatasync the given file; ESTALE if the name belongs to another file */
	LEASESYNC_CREATE, /* create a new temporary file, with the mode and owner of the given file
			   */
	LEASESYNC_PUBLISH, /* sync the given temporary file, then rename it; may be requested again
			    */
	LEASESYNC_DROP,    /* remove the temporary file */
};

struct leasesync {
	struct leasefile_hooks hooks;
	int fd;                   /* our end of the socket; -1: there is no keeper */
	pid_t pid;                /* child to be reaped; 0: none */
	enum leasesync_task task; /* requested and not answered yet */
	enum lease_file file;     /* the subject of the task */
};

/* A task and its file, or the answer to it. */
struct leasesync_message {
	enum leasesync_task task;
	int err;              /* 0, or the errno of the failure; ECHILD: the keeper has died */
	enum lease_file file; /* the name to which it belongs */
	bool renamed;         /* LEASESYNC_PUBLISH: the file was renamed, even if ERR is set */
	bool keep;            /* LEASESYNC_CREATE: first keep the given file aside */
	int kept;             /* the number of its copy, even if ERR is set; 0: there is none */
	int fd; /* the file; in the answer to LEASESYNC_CREATE the temporary file; -1: none */
};

/* Reaps a dead keeper.  Returns true if no old one remains; only then may another be started. */
bool leasesync_reap(struct leasesync *k);

/* Starts a keeper for the directory DIR.  It opens the directory again by PATH if it was removed.
 * It also writes the history LOG (NULL: none).  Returns 0, or -1 with errno. */
int leasesync_start(struct leasesync *k, int dir, const char *path, const struct leaselog *log);

/* Requests TASK for FILE, with the open file FD (-1: none).  The keeper must be idle.  False if it
 * is dead; leasesync_hear() then reports that. */
bool leasesync_ask(struct leasesync *k, enum lease_file file, enum leasesync_task task, int fd);

/* Requests LEASESYNC_CREATE for the lease file FD, which is damaged and must be kept aside before.
 */
bool leasesync_ask_kept(struct leasesync *k, int fd);

/* Returns true if there is an answer or the keeper has died.  Then A describes it, and the keeper
 * is idle. */
bool leasesync_hear(struct leasesync *k, struct leasesync_message *a);

/* Waits until leasesync_hear() would return true. */
void leasesync_wait(const struct leasesync *k);

/* Ends the keeper and waits until it has exited; it writes the history before. */
void leasesync_stop(struct leasesync *k);

/* Creates the file NAME, which must not exist, in DIR with MODE (less the umask) and the owner of
 * the file or directory LIKE (-1: our own).  Returns a descriptor, or -1 with errno. */
int leasesync_create(int dir, const char *name, mode_t mode, int like);

/* Removes the temporary file in DIR, if there is one.  Returns 0, or -1 with errno. */
int leasesync_drop(int dir);

#endif
