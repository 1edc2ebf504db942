/* leaseevent - formats and parses the lines and JSON objects about the beginning and end of leases.
 */
#include "lease/leaseevent.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr_text.h"
#include "lib/number_text.h"

#define COLUMNS          9
#define ASSIGNED_COLUMNS 8
#define LAST_TIME        INT64_C(253402300799) /* the end of the year 9999 */
#define DAY              86400

static const char *const causes[LEASE_CAUSES] = {
	[LEASE_NEW] = "new",   [LEASE_IMPORTED] = "import", [LEASE_IDLE] = "idle",
	[LEASE_FULL] = "full", [LEASE_RELEASE] = "release", [LEASE_RELOAD] = "reload",
	[LEASE_MAP] = "map",   [LEASE_PIN] = "pin",         [LEASE_REPLACED] = "import",
};

const char *leaseevent_what(enum lease_cause cause)
{
	return leaseevent_begins(cause) ? "assigned" : "ended";
}

const char *leaseevent_cause(enum lease_cause cause)
{
	return causes[cause];
}

/* Each writes a word and a blank, and returns the position after them.  Millions of hosts may begin
 * a lease; with snprintf(), writing their lines would take twice as long. */
static char *put_word(char *out, const char *word)
{
	size_t n = strlen(word);

	memcpy(out, word, n);
	out[n] = ' ';
	return out + n + 1;
}

static char *put_number(char *out, uint64_t n)
{
	out = number_text(out, n);
	*out = ' ';
	return out + 1;
}

/* Writes N with WIDTH digits, and END after it. */
static char *put_digits(char *out, unsigned n, unsigned width, char end)
{
	for (unsigned i = width; i-- > 0; n /= 10)
		out[i] = (char)('0' + n % 10);
	out[width] = end;
	return out + width + 1;
}

/* Writes the date that is so many days after 1970-01-01.  Computes in eras of 400 years that begin
 * on March 1. */
static char *put_date(char *out, unsigned days)
{
	unsigned z = days + 719468, era = z / 146097, of_era = z % 146097;
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;

	month = month < 10 ? month + 3 : month - 9;
	out = put_digits(out, year + era * 400 + (month <= 2), 4, '-');
	return put_digits(put_digits(out, month, 2, '-'), day, 2, 'T');
}

static char *put_time(char *out, int64_t at)
{
	unsigned second;

	at = at < 0 ? 0 : at > LAST_TIME ? LAST_TIME : at;
	second = (unsigned)(at % DAY);
	out = put_date(out, (unsigned)(at / DAY));
	out = put_digits(out, second / 3600, 2, ':');
	out = put_digits(out, second / 60 % 60, 2, ':');
	out = put_digits(out, second % 60, 2, 'Z');
	*out = ' ';
	return out + 1;
}

size_t leaseevent_format(char out[LEASEEVENT_MAX], const struct lease_event *e)
{
	char text[ADDR_TEXT];
	char *p = put_word(put_time(out, e->at), leaseevent_what(e->cause));

	p = put_word(p, causes[e->cause]);
	p = put_word(p, addr_text4(text, e->addr));
	p = put_word(p, addr_text6(text, &e->host));
	p = put_word(p, e->prefix.len > 0 ? addr_text_prefix6(text, &e->prefix) : "-");
	if (leaseevent_begins(e->cause)) {
		p = put_word(p, "- -");
	} else {
		p = put_number(put_number(p, e->packets), e->bytes);
		p = e->since > 0 ? put_time(p, e->since) : put_word(p, "-");
	}
	p[-1] = '\n';
	return (size_t)(p - out);
}

/* Returns the number that the N digits at S form; -1 if they are not digits. */
static int get_digits(const char *s, unsigned n)
{
	int v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = 10 * v + (s[i] - '0');
	}
	return v;
}

/* Returns the days from 1970-01-01 to this date.  DAY may exceed the length of the month. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400, of_era;
	int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	of_era = (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 + of_year;
	return era * 146097 + of_era - 719468;
}

bool leaseevent_time(const char *s, int64_t *out)
{
	int year, month, day, hour, minute, second;

	if (strlen(s) != LEASEEVENT_TIME || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
	    s[13] != ':' || s[16] != ':' || s[19] != 'Z')
		return false;
	year = get_digits(s, 4);
	month = get_digits(s + 5, 2);
	day = get_digits(s + 8, 2);
	hour = get_digits(s + 11, 2);
	minute = get_digits(s + 14, 2);
	second = get_digits(s + 17, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	*out = days_of(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
	return true;
}

int64_t leaseevent_median(int64_t a, int64_t b, int64_t c)
{
	int64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

static bool parse_count(const char *s, uint64_t *out)
{
	size_t n = strspn(s, "0123456789");

	*out = 0;
	if (n == 0 || n > 19 || s[n] != '\0')
		return false;
	for (; *s; s++)
		*out = *out * 10 + (uint64_t)(*s - '0');
	return true;
}

static bool parse_prefix(char *s, struct prefix6 *out)
{
	char *slash = strchr(s, '/');
	uint64_t len;

	out->len = 0;
	if (strcmp(s, "-") == 0)
		return true;
	if (!slash || !parse_count(slash + 1, &len) || len == 0 || len > 128)
		return false;
	*slash = '\0';
	out->len = (uint8_t)len;
	return inet_pton(AF_INET6, s, out->addr.b) == 1;
}

static bool parse_cause(const char *what, const char *cause, enum lease_cause *out)
{
	for (*out = LEASE_NEW; *out < LEASE_CAUSES; ++*out)
		if (strcmp(cause, causes[*out]) == 0 && strcmp(what, leaseevent_what(*out)) == 0)
			return true;
	return false;
}

/* Splits S at blanks into at most COLUMNS words.  Returns their number, or COLUMNS + 1 if there are
 * more. */
static unsigned split(char *s, char *column[COLUMNS])
{
	unsigned n = 0;

	for (char *next = s; next; s = next) {
		next = strchr(s, ' ');
		if (next)
			*next++ = '\0';
		if (n == COLUMNS)
			return COLUMNS + 1;
		column[n++] = s;
	}
	return n;
}

static bool parse_end(char *column[COLUMNS], struct lease_event *e)
{
	e->since = 0;
	return parse_count(column[6], &e->packets) && parse_count(column[7], &e->bytes) &&
	       (strcmp(column[8], "-") == 0 || leaseevent_time(column[8], &e->since));
}

bool leaseevent_parse(const char *line, size_t len, struct lease_event *e)
{
	char text[LEASEEVENT_MAX], *column[COLUMNS];
	struct in_addr a;
	unsigned n;

	if (len >= sizeof(text) || memchr(line, '\0', len))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	n = split(text, column);
	if (n < ASSIGNED_COLUMNS || n > COLUMNS || !leaseevent_time(column[0], &e->at) ||
	    !parse_cause(column[1], column[2], &e->cause) ||
	    inet_pton(AF_INET, column[3], &a) != 1 ||
	    inet_pton(AF_INET6, column[4], e->host.b) != 1 || !parse_prefix(column[5], &e->prefix))
		return false;
	e->addr = ntohl(a.s_addr);
	if (!leaseevent_begins(e->cause))
		return n == COLUMNS && parse_end(column, e);
	e->since = 0;
	e->packets = e->bytes = 0;
	return n == ASSIGNED_COLUMNS && strcmp(column[6], "-") == 0 && strcmp(column[7], "-") == 0;
}

/* Each writes JSON members, preceded by a comma, to the SIZE bytes at OUT.  Returns the length. */
static size_t put_who_json(char *out, size_t size, const struct lease_event *e)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], prefix[ADDR_TEXT];
	const char *quote = e->prefix.len > 0 ? "\"" : "";

	return (size_t)snprintf(out, size,
				", \"ipv4\": \"%.15s\", \"ipv6\": \"%.45s\", \"prefix\": %s%.49s%s",
				addr_text4(addr, e->addr), addr_text6(host, &e->host), quote,
				*quote ? addr_text_prefix6(prefix, &e->prefix) : "null", quote);
}

static size_t put_traffic_json(char *out, size_t size, const struct lease_event *e)
{
	if (leaseevent_begins(e->cause))
		return (size_t)snprintf(out, size, ", \"packets\": null, \"bytes\": null");
	return (size_t)snprintf(out, size, ", \"packets\": %" PRIu64 ", \"bytes\": %" PRIu64,
				e->packets, e->bytes);
}

char *leaseevent_json(char out[LEASEEVENT_MAX], const struct lease_event *e)
{
	size_t n = (size_t)snprintf(out, LEASEEVENT_MAX, ", \"cause\": \"%s\"", causes[e->cause]);

	n += put_who_json(out + n, LEASEEVENT_MAX - n, e);
	put_traffic_json(out + n, LEASEEVENT_MAX - n, e);
	return out;
}

char *leaseevent_who_json(char out[LEASEEVENT_MAX], const struct lease_event *e)
{
	put_who_json(out, LEASEEVENT_MAX, e);
	return out;
}

/* --- current and past leases ---------------------------------------------------------------- */

/* Returns the time AT as text, or NONE if it is not set. */
static const char *time_text(char out[LEASEEVENT_TIME + 2], int64_t at, const char *none)
{
	if (at <= 0)
		return none;
	put_time(out, at);
	out[LEASEEVENT_TIME] = '\0';
	return out;
}

/* Returns TEXT in quotes, or "null" if it is NULL. */
static const char *quoted(char out[ADDR_TEXT], const char *text)
{
	if (!text)
		return "null";
	snprintf(out, ADDR_TEXT, "\"%.60s\"", text);
	return out;
}

char *leaseevent_use_json(char out[LEASEEVENT_MAX], int64_t since, int64_t last, bool confirmed)
{
	char time[LEASEEVENT_TIME + 2], from[ADDR_TEXT], until[ADDR_TEXT];

	snprintf(out, LEASEEVENT_MAX, ", \"since\": %.22s, \"last_seen\": %.22s, \"confirmed\": %s",
		 quoted(from, time_text(time, since, NULL)),
		 quoted(until, time_text(time, last, NULL)), confirmed ? "true" : "false");
	return out;
}

static const char *prefix_text(char out[ADDR_TEXT], const struct lease_event *e)
{
	return e->prefix.len > 0 ? addr_text_prefix6(out, &e->prefix) : NULL;
}

size_t leaseevent_held_json(char out[LEASEEVENT_MAX], const struct lease_event *e)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], text[ADDR_TEXT], prefix[ADDR_TEXT];
	char time[LEASEEVENT_TIME + 2], from[ADDR_TEXT], until[ADDR_TEXT];

	return (size_t)snprintf(
		out, LEASEEVENT_MAX,
		"{\"ipv4\": \"%.15s\", \"ipv6\": \"%.45s\", \"prefix\": %.49s, \"from\": %.22s, "
		"\"until\": %.22s}\n",
		addr_text4(addr, e->addr), addr_text6(host, &e->host),
		quoted(prefix, prefix_text(text, e)), quoted(from, time_text(time, e->since, NULL)),
		quoted(until, time_text(time, e->at, NULL)));
}

size_t leaseevent_held_text(char out[LEASEEVENT_MAX], const struct lease_event *e)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], prefix[ADDR_TEXT];
	char from[LEASEEVENT_TIME + 2], until[LEASEEVENT_TIME + 2];
	const char *p = prefix_text(prefix, e);

	return (size_t)snprintf(out, LEASEEVENT_MAX, "%-15.15s %-39.45s %-18.49s %-20s %s\n",
				addr_text4(addr, e->addr), addr_text6(host, &e->host), p ? p : "-",
				time_text(from, e->since, "-"), time_text(until, e->at, "still"));
}

/* Copies the string of KEY in LINE to OUT; empty for null.  False if there is no such key or the
 * string is too long. */
static bool get_text(const char *line, const char *key, char out[ADDR_TEXT])
{
	char quoted_key[32];
	const char *at;
	size_t n;

	snprintf(quoted_key, sizeof(quoted_key), "\"%s\": ", key);
	at = strstr(line, quoted_key);
	out[0] = '\0';
	if (!at)
		return false;
	at += strlen(quoted_key);
	if (strncmp(at, "null", 4) == 0)
		return true;
	n = *at == '"' ? strcspn(at + 1, "\"") : ADDR_TEXT;
	if (n >= ADDR_TEXT)
		return false;
	memcpy(out, at + 1, n);
	out[n] = '\0';
	return true;
}

static bool get_time(const char *line, const char *key, int64_t *out)
{
	char text[ADDR_TEXT];

	*out = 0;
	return get_text(line, key, text) && (!text[0] || leaseevent_time(text, out));
}

bool leaseevent_held_parse(const char *line, struct lease_event *e)
{
	char text[ADDR_TEXT];
	struct in_addr a;

	*e = (struct lease_event){.cause = LEASE_NEW};
	if (!get_text(line, "ipv4", text) || inet_pton(AF_INET, text, &a) != 1)
		return false;
	e->addr = ntohl(a.s_addr);
	if (!get_text(line, "ipv6", text) || inet_pton(AF_INET6, text, e->host.b) != 1)
		return false;
	if (!get_text(line, "prefix", text) ||
	    !parse_prefix(text[0] ? text : strcpy(text, "-"), &e->prefix))
		return false;
	return get_time(line, "from", &e->since) && get_time(line, "until", &e->at);
}
