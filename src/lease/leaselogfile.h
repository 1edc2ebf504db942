/* leaselogfile - the keeper's side of the history: the parts on disk. */
#ifndef NAT64D_LEASELOGFILE_H
#define NAT64D_LEASELOGFILE_H

#include <sys/types.h>

#include "lease/leaselog.h"

#define LEASELOG_ROOM 32768 /* events */

/* What daemon and keeper share.  Whoever writes a member is behind it; all but the events are
 * read and written as a whole. */
struct leaselog_shared {
	uint64_t put;           /* daemon: events that were ever put here */
	uint64_t written;       /* keeper: how many of them are in a file */
	uint64_t under_way;     /* keeper: up to this one they are being written, */
	int64_t from;           /* keeper: from this offset on, */
	uint64_t device, inode; /* keeper: in this file */
	int err;                /* keeper: errno of what is wrong, 0: all is well */
	unsigned days;          /* daemon: 0: there is no history */
	uint64_t bytes;         /* daemon */
	struct lease_event event[LEASELOG_ROOM]; /* daemon: number N at N % LEASELOG_ROOM */
};

#define SHARED_GET(p)    __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define SHARED_SET(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* The file that is written at present. */
struct leaselog_part {
	int fd; /* -1: none is open */
	off_t size;
	int64_t first, last; /* unix times of its first and last line; 0: there are none */
};

struct leaselogfile {
	struct leaselog_shared *s;
	struct leaselog_part part;
	unsigned days; /* as they are in effect */
	uint64_t bytes;
	bool dirty;
	int64_t sync_at, purge_at, retry_at; /* ms of the clock that never steps */
	int64_t base;                        /* s: unix time at 0 of that clock */
	int64_t trust_at;                    /* ms: until then the time of day tells nobody's age */
};

void leaselogfile_init(struct leaselogfile *f, struct leaselog_shared *s);

/* Writes what there is to DIR, turns files over and removes them, as far as that is due at NOW (ms
 * of a clock that never steps) and WALL (unix time).  Returns the ms until it wants to be called
 * again. */
int leaselogfile_work(struct leaselogfile *f, int dir, int64_t now, int64_t wall);

/* Nothing more comes: writes what there is, as far as the disk takes it. */
void leaselogfile_finish(struct leaselogfile *f, int dir, int64_t now, int64_t wall);

/* And syncs it, for which it needs no directory. */
void leaselogfile_end(struct leaselogfile *f);

#endif
