/* nat64ctl_time - parses times on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nat64ctl.h"

/* A parsed time. */
struct written {
	struct tm tm;
	bool zoned;
	int east; /* offset of the zone in seconds */
};

/* Reads N digits and advances *S past them. */
static bool take_number(const char **s, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--, ++*s) {
		if (**s < '0' || **s > '9')
			return false;
		*out = 10 * *out + (**s - '0');
	}
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **s, struct tm *tm)
{
	int year, month, day;

	if (!take_number(s, 4, &year) || !take_char(s, '-') || !take_number(s, 2, &month) ||
	    !take_char(s, '-') || !take_number(s, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* The seconds are optional if MAY. */
static bool take_clock(const char **s, struct tm *tm, bool may)
{
	if (!take_number(s, 2, &tm->tm_hour) || !take_char(s, ':') ||
	    !take_number(s, 2, &tm->tm_min) || tm->tm_hour > 23 || tm->tm_min > 59)
		return false;
	if (!take_char(s, ':'))
		return may;
	if (!take_number(s, 2, &tm->tm_sec) || tm->tm_sec > 60)
		return false;
	if (take_char(s, '.')) {
		size_t n = strspn(*s, "0123456789");

		*s += n;
		return n > 0;
	}
	return true;
}

/* "Z", "+01:00" or nothing. */
static bool take_zone(const char **s, struct written *w)
{
	int sign = **s == '-' ? -1 : 1, hours, minutes;

	w->zoned = **s != '\0';
	if (!w->zoned || take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_number(s, 2, &hours) || !take_char(s, ':') || !take_number(s, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	w->east = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* Date and time of day may be one word or two. */
static bool read_words(char ***word, struct written *w)
{
	const char *s = **word;
	bool strict;

	*w = (struct written){.tm.tm_isdst = -1};
	if (!take_date(&s, &w->tm))
		return false;
	strict = *s == 'T' || *s == 't';
	if (*s == '\0' && (*word)[1])
		s = *++*word;
	else if (strict || *s == ' ')
		s++;
	else
		return false;
	return take_clock(&s, &w->tm, !strict) && take_zone(&s, w) && *s == '\0' &&
	       (w->zoned || !strict);
}

/* A local time may not exist, namely when clocks are put forward. */
static bool to_unix(const struct written *w, int64_t *out)
{
	struct tm tm = w->tm;
	time_t t;

	if (w->zoned) {
		*out = (int64_t)timegm(&tm) - w->east;
		return *out >= 0;
	}
	t = mktime(&tm);
	*out = (int64_t)t;
	return t >= 0 && (tm.tm_hour == w->tm.tm_hour || w->tm.tm_sec == 60);
}

int ctl_time(char ***word, int64_t *out)
{
	char **first = *word;
	struct written w;

	if (read_words(word, &w) && to_unix(&w, out))
		return CTL_DONE;
	ctl_complain("%s: not a time (2026-11-25T14:00:00Z, or 2026-11-25 14:00 in local time)",
		     *first);
	return CTL_USAGE;
}
