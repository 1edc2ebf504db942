/* clock - what time it is. */
#ifndef NAT64D_CLOCK_H
#define NAT64D_CLOCK_H

#include <stdint.h>

/* Since the system has started, sleep included; never goes back [CLOCK_BOOTTIME]. */
int64_t clock_us(void);
int64_t clock_ms(void);

int64_t clock_monotonic_us(void); /* the same without sleep */

/* Unix time; may be set. */
int64_t clock_wall(void); /* seconds */
int64_t clock_wall_us(void);

#define CLOCK_TEXT 40 /* room for a time as text */

/* The unix time AT, in seconds or in microseconds, as UTC in the form of RFC 3339:
 * "2026-11-26T18:00:00Z", "2026-11-26T18:00:00.123456Z".  Both return BUF. */
char *clock_rfc3339(char buf[CLOCK_TEXT], int64_t at);
char *clock_rfc3339_us(char buf[CLOCK_TEXT], int64_t at);

#endif
