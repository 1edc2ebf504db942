/* leaselogfile - the keeper's side of the history: the files on disk. */
#ifndef NAT64D_LEASELOGFILE_H
#define NAT64D_LEASELOGFILE_H

#include <sys/types.h>

#include "lease/leaselog.h"

#define LEASELOG_ROOM 32768 /* events */

/* Memory shared by the daemon and the keeper.  Each member is written only by the process named in
 * its comment.  All members except EVENT are read and written atomically. */
struct leaselog_shared {
	uint64_t put;           /* daemon: total number of events ever put here */
	uint64_t written;       /* keeper: how many of them are in a file, */
	uint64_t synced;        /* keeper: and how many of these are certainly on disk */
	uint64_t under_way;     /* keeper: the events before this number are being written, */
	int64_t from;           /* keeper: beginning at this offset, */
	uint64_t device, inode; /* keeper: to this file */
	int err;                /* keeper: errno of the current problem, 0: none */
	unsigned days;          /* daemon: 0: the history is off */
	uint64_t bytes;         /* daemon */
	struct lease_event event[LEASELOG_ROOM]; /* daemon: number N is at N % LEASELOG_ROOM */
};

#define SHARED_GET(p)    __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define SHARED_SET(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* The file that is currently written. */
struct leaselog_part {
	int fd;     /* -1: not open */
	bool named; /* its name is on disk */
	off_t size;
	int64_t first, last; /* unix times of its first and last line; 0: it has no lines */
};

struct leaselogfile {
	struct leaselog_shared *s;
	struct leaselog_part part;
	unsigned days; /* the settings in use */
	uint64_t bytes;
	bool dirty;
	int64_t sync_at, purge_at, retry_at; /* ms of a clock that never steps */
	int64_t base;                        /* s: unix time when that clock was 0 */
	int64_t trust_at; /* ms: until then the wall clock is not trusted to compute ages */
};

void leaselogfile_init(struct leaselogfile *f, struct leaselog_shared *s);

/* Writes waiting events to DIR, and rotates and removes files, if due at NOW (ms of a clock that
 * never steps) and WALL (unix time).  Returns the ms after which it must be called again. */
int leaselogfile_work(struct leaselogfile *f, int dir, int64_t now, int64_t wall);

/* Writes the remaining events, as far as the disk accepts them. */
void leaselogfile_finish(struct leaselogfile *f, int dir, int64_t now, int64_t wall);

/* Syncs and closes the file.  Needs no directory. */
void leaselogfile_end(struct leaselogfile *f);

#endif
