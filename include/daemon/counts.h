/* counts - the counters as `nat64ctl counters' has them: for people, as JSON, and read back from
 * that, so that a client can tell what has come since. */
#ifndef NAT64D_COUNTS_H
#define NAT64D_COUNTS_H

#include <stdbool.h>

#include "daemon/answer.h"
#include "daemon/report.h"

/* One object with all of them, and a newline.  EXPLAIN: each reason with its class and what it
 * means. */
void counts_json(struct answer *a, const struct counters *c, bool explain);

/* A table of those that are not zero. */
void counts_text(struct answer *a, const struct counters *c, bool explain);

/* Fills C from JSON, which counts_json() has made without EXPLAIN, here or in another version: what
 * is not known is left out, and what is not there is 0.  False: it is something else. */
bool counts_read(struct counters *c, const char *json);

/* Takes WAS away from C.  False: C has less of something, and so is not of the same process. */
bool counts_since(struct counters *c, const struct counters *was);

#endif
