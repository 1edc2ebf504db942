/* leaselog - the history: which host had which address when, in leases.log and its older parts.
 *
 * The packet path puts events into memory that it shares with the keeper (see leasefile.h), which
 * writes them.  So they survive either of the two: what a killed daemon has handed over the keeper
 * still writes, and what a killed keeper has not written the next one does.  Nothing here waits.
 *
 * Times in one part never go back; a clock that is set back begins another part. */
#ifndef NAT64D_LEASELOG_H
#define NAT64D_LEASELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/leaseevent.h"

#define LEASELOG_NAME  "leases.log" /* older parts: leases.log.1 (the newest), leases.log.2, ... */
#define LEASELOG_PARTS 999          /* most of these */

struct leaselog;

/* For the directory that messages call NAME: nothing is taken yet.  To be handed to
 * leasefile_set_log(), and freed after leasefile_close().  NULL without memory. */
struct leaselog *leaselog_new(const char *name);
void leaselog_free(struct leaselog *l); /* NULL is fine */

/* From now on events are kept for DAYS, and in BYTES of all parts together; DAYS 0: they are not
 * taken, and what is there stays. */
void leaselog_use(struct leaselog *l, unsigned days, uint64_t bytes);

/* Are they taken? */
bool leaselog_wanted(const struct leaselog *l);

/* Takes E, and allocates nothing; if there is no room, because the disk is full or too slow, E is
 * counted as lost. */
void leaselog_put(struct leaselog *l, const struct lease_event *e);

/* The same for one of very many that end at once: it may allocate. */
void leaselog_put_many(struct leaselog *l, const struct lease_event *e);

/* Hands all that was taken to the keeper; what was not is lost with us.  Right before
 * leasefile_commit(), so that whatever lease is on record is in the history. */
void leaselog_hand_over(struct leaselog *l);

/* The same, and wakes the keeper, which may take our place on the processor. */
void leaselog_commit(struct leaselog *l);

/* Do events wait for room, so that leaselog_commit() is wanted again soon? */
bool leaselog_waits(const struct leaselog *l);

/* There is no keeper any more: what it has not written is lost. */
void leaselog_give_up(struct leaselog *l);

/* As leasefile_news(). */
const char *leaselog_news(struct leaselog *l, bool *bad);

#endif
