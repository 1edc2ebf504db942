/* explain_words - parses the arguments of the command `explain` into a packet. */
#ifndef NAT64D_EXPLAIN_WORDS_H
#define NAT64D_EXPLAIN_WORDS_H

#include <stdbool.h>

#include "daemon/control.h"
#include "packet/sample.h"

/* Reads the two or three words after the first one of R into OUT.  HINT is a translation prefix to
 * name in error messages; it may be NULL.  False if they are wrong, and A has a line "usage TEXT".
 */
bool explain_parse(const struct control_request *r, const struct prefix6 *hint, struct sample *out,
		   struct answer *a);

#endif
