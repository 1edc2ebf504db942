/* leasesync - the keeper: a child process that waits for the disk in the daemon's stead.
 *
 * One task at a time, asked for and answered over a socket; nothing here ever blocks the parent.
 * The history comes by memory that both have.
 * All names are relative to a descriptor of the directory: its path is that of the chroot and is
 * only used where the directory itself has been removed. */
#ifndef NAT64D_LEASESYNC_H
#define NAT64D_LEASESYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "lease/leasefile.h"
#include "lease/leaselog.h"

#define LEASESYNC_NEW      LEASEFILE_NAME ".new"
#define LEASESYNC_NEW_PINS CONF_PINS ".new"

enum leasesync_task {
	LEASESYNC_IDLE,
	LEASESYNC_SYNC,    /* fdatasync the file given; ESTALE if it no longer bears its name */
	LEASESYNC_CREATE,  /* a new temporary, with mode and owner of the file given */
	LEASESYNC_PUBLISH, /* sync the temporary given, then rename it; may be asked again */
	LEASESYNC_DROP,    /* remove the temporary */
};

struct leasesync {
	int fd;                   /* our end of the socket; -1: there is no keeper */
	pid_t pid;                /* to be reaped; 0: none */
	enum leasesync_task task; /* asked for and not answered */
	bool pins;                /* about those */
};

/* A task and its file, or the answer to it. */
struct leasesync_message {
	enum leasesync_task task;
	int err;      /* 0, or the errno of what failed; ECHILD: the keeper has died */
	bool pins;    /* the file is pinned.map, not that of the leases */
	bool renamed; /* LEASESYNC_PUBLISH: the name is given, even if ERR */
	int fd;       /* the file; in the answer to LEASESYNC_CREATE the temporary; -1: none */
};

/* Is the last keeper, if it has died, quite gone?  It must be before another is started. */
bool leasesync_reap(struct leasesync *k);

/* Starts a keeper for the directory DIR, which it opens again by PATH if it has been removed; it
 * keeps the history LOG there as well (NULL: there is none).  0, or -1 with errno. */
int leasesync_start(struct leasesync *k, int dir, const char *path, const struct leaselog *log);

/* Asks for TASK on the file FD (-1: none); the keeper must be idle. False: it is dead,
 * leasesync_hear() will say so. */
bool leasesync_ask(struct leasesync *k, enum leasesync_task task, int fd);

/* The same about pinned.map, for what makes, publishes and removes a file. */
bool leasesync_ask_pins(struct leasesync *k, enum leasesync_task task, int fd);

/* Is there an answer, or has the keeper died?  Then it is in A and the keeper is idle. */
bool leasesync_hear(struct leasesync *k, struct leasesync_message *a);

/* Waits until leasesync_hear() would say something. */
void leasesync_wait(const struct leasesync *k);

/* Ends the keeper and waits for its end: the history is written then. */
void leasesync_stop(struct leasesync *k);

/* Makes the file NAME in DIR, which has none of that name, with MODE (less the umask) and the owner
 * of the file or directory LIKE (-1: ours); the descriptor, or -1 with errno. */
int leasesync_create(int dir, const char *name, mode_t mode, int like);

/* Removes the temporary in DIR, if there is one.  0, or -1 with errno. */
int leasesync_drop(int dir);

#endif
