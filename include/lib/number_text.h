/* number_text - a number as text, for what is written by the million: snprintf() would take as long
 * again as all the rest of a line. */
#ifndef NAT64D_NUMBER_TEXT_H
#define NAT64D_NUMBER_TEXT_H

#include <stdint.h>

#define NUMBER_TEXT 20 /* characters of the largest */

/* Writes N in decimal to OUT, without a NUL.  Returns what is behind its last digit. */
char *number_text(char *out, uint64_t n);

#endif
