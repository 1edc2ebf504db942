/* clock - which of the system's clocks stands for what. */
#include "lib/clock.h"

#include <time.h>

static int64_t read_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_us(void)
{
	return read_us(CLOCK_BOOTTIME);
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
	return (int64_t)time(NULL);
}
