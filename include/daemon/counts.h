/* counts - the counters as `nat64ctl counters` shows them, as text and as JSON.  The JSON can be
 * read back, so that a client can compute differences. */
#ifndef NAT64D_COUNTS_H
#define NAT64D_COUNTS_H

#include <stdbool.h>

#include "daemon/answer.h"
#include "daemon/report.h"

/* Appends one JSON object with all counters, and a newline.  EXPLAIN: each reason with its class
 * and meaning. */
void counts_json(struct answer *a, const struct counters *c, bool explain);

/* Appends a table of the counters that are not zero. */
void counts_text(struct answer *a, const struct counters *c, bool explain);

/* Fills C from JSON that counts_json() wrote without EXPLAIN, in this or another version.  Unknown
 * counters are ignored, and missing ones are 0.  False if it is something else. */
bool counts_read(struct counters *c, const char *json);

/* Subtracts WAS from C.  False if a counter of C is smaller, so that it is not from the same
 * process. */
bool counts_since(struct counters *c, const struct counters *was);

#endif
