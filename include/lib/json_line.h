/* json_line - reads a JSON object that nat64d has written on one line. */
#ifndef NAT64D_JSON_LINE_H
#define NAT64D_JSON_LINE_H

#include <stdbool.h>

/* Receives one member.  TEXT: the value is a string, passed without quotes.  Returns false to
 * reject the line. */
typedef bool json_take(void *arg, const char *key, char *value, bool text);

/* Calls TAKE for each member of the object in LINE.  Overwrites LINE; the arguments of TAKE point
 * into it. Arrays, nested objects and strings with escapes are not supported.  Returns false if
 * LINE is no such object, or if TAKE rejected it. */
bool json_line_read(char *line, json_take *take, void *arg);

#endif
