/* json_line - reads back an object of JSON that nat64d has written in one line. */
#ifndef NAT64D_JSON_LINE_H
#define NAT64D_JSON_LINE_H

#include <stdbool.h>

/* A member; TEXT: its value is a string, here without its quotes.  False: it is not good. */
typedef bool json_take(void *arg, const char *key, char *value, bool text);

/* Calls TAKE for each member of the object in LINE, which is destroyed: what TAKE is given points
 * into it.  Neither arrays nor objects can be values, nor strings that have something escaped.
 * False: it is no such line, or TAKE did not like it. */
bool json_line_read(char *line, json_take *take, void *arg);

#endif
