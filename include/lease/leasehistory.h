/* leasehistory - reads the history (see leaselog.h) while it is written, turned over and removed:
 * what there was when it was opened is read once, in whole lines. */
#ifndef NAT64D_LEASEHISTORY_H
#define NAT64D_LEASEHISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/leaseevent.h"

struct leasehistory;

/* The history in the directory DIR, which may have no part.  NULL with errno. */
struct leasehistory *leasehistory_open(const char *dir);
void leasehistory_close(struct leasehistory *h);

#define LEASEHISTORY_FIRST INT64_MIN
#define LEASEHISTORY_LAST  INT64_MAX

/* LINE has LEN bytes, without its newline, and is E.  False: that is enough. */
typedef bool leasehistory_take(void *arg, const char *line, size_t len,
			       const struct lease_event *e);

/* Hands to TAKE the events from SINCE to UNTIL (unix times, both included), the oldest first.  With
 * WORD only those whose line has WORD between blanks, which is fast: an address.  0; 1 if TAKE has
 * ended it; or -1 with errno. */
int leasehistory_each(const struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      leasehistory_take *take, void *arg);

/* The last of these events.  1 with E; 0: there is none; or -1 with errno. */
int leasehistory_last(const struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      struct lease_event *e);

#endif
