/* number_text - formats numbers where millions are written: snprintf() would double the time of a
 * line. */
#ifndef NAT64D_NUMBER_TEXT_H
#define NAT64D_NUMBER_TEXT_H

#include <stdint.h>

#define NUMBER_TEXT 20 /* characters of the largest number */

/* Writes N in decimal to OUT, without a NUL.  Returns the position after the last digit. */
char *number_text(char *out, uint64_t n);

#endif
