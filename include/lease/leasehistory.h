/* leasehistory - reads the history (see leaselog.h) while it is being written, rotated and
 * removed.  Each complete line that existed when it was opened is read exactly once. */
#ifndef NAT64D_LEASEHISTORY_H
#define NAT64D_LEASEHISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/leaseevent.h"

struct leasehistory;

/* Opens the history in the directory DIR, which may have no files of it yet.  NULL with errno. */
struct leasehistory *leasehistory_open(const char *dir);
void leasehistory_close(struct leasehistory *h);

/* What a search has met: lines that cannot be read or stand twice, which it leaves out, and lines
 * whose time is wrong, since the times ascend within a file.  The first one is at the byte AT of
 * the file number FILE (0: LEASELOG_NAME).  A search for a word meets the lines that contain it. */
struct leasehistory_damage {
	uint64_t lines; /* 0: none */
	unsigned file;
	int64_t at;
};

/* Returns the result of the search that has met most.  It is valid until H is closed. */
const struct leasehistory_damage *leasehistory_damage(const struct leasehistory *h);

#define LEASEHISTORY_FIRST INT64_MIN
#define LEASEHISTORY_LAST  INT64_MAX

/* LINE has LEN bytes, without its newline, and E is its content.  Return false to stop. */
typedef bool leasehistory_take(void *arg, const char *line, size_t len,
			       const struct lease_event *e);

/* Passes the events from SINCE to UNTIL (unix times, both inclusive) to TAKE, the oldest
 * first.  WORD, if not NULL, selects lines that contain it between blanks, such as an address; this
 * is fast.  Returns 0; 1 if TAKE stopped it; or -1 with errno. */
int leasehistory_each(struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      leasehistory_take *take, void *arg);

/* Finds the last of these events.  Returns 1 with E; 0 if there is none; or -1 with errno. */
int leasehistory_last(struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      struct lease_event *e);

#endif
