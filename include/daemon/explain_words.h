/* explain_words - the words of the command `explain' as a packet. */
#ifndef NAT64D_EXPLAIN_WORDS_H
#define NAT64D_EXPLAIN_WORDS_H

#include <stdbool.h>

#include "daemon/control.h"
#include "packet/sample.h"

/* Reads the two or three words behind the first one of R into OUT.  HINT: a translation prefix, for
 * what is said of a mistake; NULL: there is none.  False: A has a line "usage TEXT". */
bool explain_parse(const struct control_request *r, const struct prefix6 *hint, struct sample *out,
		   struct answer *a);

#endif
