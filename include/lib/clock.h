/* clock - reads the system's clocks and formats times. */
#ifndef NAT64D_CLOCK_H
#define NAT64D_CLOCK_H

#include <stdint.h>

/* Time since the system started, including suspend; never goes back [CLOCK_BOOTTIME]. */
int64_t clock_us(void);
int64_t clock_ms(void);

int64_t clock_monotonic_us(void); /* the same without suspend */

/* Unix time; an administrator can change it. */
int64_t clock_wall(void); /* seconds */
int64_t clock_wall_us(void);

#define CLOCK_TEXT 40 /* size of a buffer for a formatted time */

/* Format the Unix time AT, in seconds or microseconds, as UTC according to RFC 3339:
 * "2026-11-26T18:00:00Z", "2026-11-26T18:00:00.123456Z".  Both return BUF. */
char *clock_rfc3339(char buf[CLOCK_TEXT], int64_t at);
char *clock_rfc3339_us(char buf[CLOCK_TEXT], int64_t at);

#endif
