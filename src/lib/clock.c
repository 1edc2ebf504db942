/* clock - reads the system's clocks and formats times. */
#include "lib/clock.h"

#include <stdio.h>
#include <time.h>

/* seccomp: both: clock_gettime */
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

int64_t clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

/* Formats AT up to the seconds, without the final Z. */
static size_t put_seconds(char buf[CLOCK_TEXT], int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm = {.tm_year = 70, .tm_mday = 1};

	gmtime_r(&t, &tm);
	return strftime(buf, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
}

char *clock_rfc3339(char buf[CLOCK_TEXT], int64_t at)
{
	size_t n = put_seconds(buf, at);

	snprintf(buf + n, CLOCK_TEXT - n, "Z");
	return buf;
}

char *clock_rfc3339_us(char buf[CLOCK_TEXT], int64_t at)
{
	size_t n = put_seconds(buf, at / 1000000);

	snprintf(buf + n, CLOCK_TEXT - n, ".%06dZ", (int)(at % 1000000));
	return buf;
}
