/* leaselog - the history: which host had which address at which time.  It consists of leases.log
 * and older files.
 *
 * The packet path puts events into memory that it shares with the keeper (see leasefile.h), and the
 * keeper writes them.  Thus events survive the death of either process: the keeper still writes the
 * events of a killed daemon, and the next keeper writes those that a killed one has not written.
 * Nothing here blocks.
 *
 * Within one file, times never go back.  When the clock is set back, a new file begins. */
#ifndef NAT64D_LEASELOG_H
#define NAT64D_LEASELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/leaseevent.h"

#define LEASELOG_NAME "leases.log" /* older files: leases.log.1 (the newest), leases.log.2, ... */
#ifndef LEASELOG_PARTS
#define LEASELOG_PARTS 999 /* maximum number of these */
#endif

struct leaselog;

/* Creates the history of the directory that messages call NAME; it accepts no events yet.  Pass it
 * to leasefile_set_log(), and free it after leasefile_close().  NULL without memory. */
struct leaselog *leaselog_new(const char *name);
void leaselog_free(struct leaselog *l); /* NULL is fine */

/* From now on, keeps events for DAYS days and within BYTES for all files together.  DAYS 0: events
 * are not accepted, and existing files stay. */
void leaselog_use(struct leaselog *l, unsigned days, uint64_t bytes);

/* Returns true if it accepts events. */
bool leaselog_wanted(const struct leaselog *l);

/* Accepts E without allocating memory.  If there is no room, because the disk is full or too slow,
 * E is counted as lost. */
void leaselog_put(struct leaselog *l, const struct lease_event *e);

/* The same when very many leases end at once: may allocate memory. */
void leaselog_put_many(struct leaselog *l, const struct lease_event *e);

/* Hands accepted events over to the keeper; events not handed over are lost if this process
 * dies.  Call it immediately before leasefile_commit(), so that the history contains every lease on
 * record. */
void leaselog_hand_over(struct leaselog *l);

/* The same, and wakes the keeper, which may then preempt this process. */
void leaselog_commit(struct leaselog *l);

/* Returns true if events wait for room, so that leaselog_commit() should be called again soon. */
bool leaselog_waits(const struct leaselog *l);

/* The keeper has ended and is not restarted: events that it has not written are lost. */
void leaselog_give_up(struct leaselog *l);

/* As leasefile_news(). */
const char *leaselog_news(struct leaselog *l, bool *bad);

#endif
