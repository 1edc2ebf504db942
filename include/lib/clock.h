/* clock - what time it is. */
#ifndef NAT64D_CLOCK_H
#define NAT64D_CLOCK_H

#include <stdint.h>

/* Since the system has started, sleep included; never goes back [CLOCK_BOOTTIME]. */
int64_t clock_us(void);
int64_t clock_ms(void);

int64_t clock_monotonic_us(void); /* the same without sleep */

int64_t clock_wall(void); /* unix time, seconds; may be set */

#endif
