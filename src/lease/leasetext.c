/* leasetext - decides what a line of the lease file means, and how a lease is written as one.
 *
 * Tayga writes "IPv4 TAB IPv6 TAB unix-time"; it reads any white space between the columns, and
 * so do we. A number that merely begins well is wrong: half a line must never pass for a whole
 * one. */
#include "leasetext.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS     4
#define TIME_DIGITS 18          /* fits int64_t, whatever the digits */
#define SHOWN       45          /* characters of a bad column that a message repeats */
#define DEFAULT     "# prefix " /* to Tayga a comment */
#define NONE        "none"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool leasetext_is_blank(const char *line, size_t len)
{
	while (len > 0 && is_space(line[len - 1]))
		len--;
	return len == 0;
}

bool leasetext_is_comment(const char *line, size_t len)
{
	while (len > 0 && is_space(*line)) {
		line++;
		len--;
	}
	return len > 0 && *line == '#';
}

/* The text comes from a file that may be garbage and goes to a log or a terminal. */
static enum leasetext_kind bad_column(char *why, const char *column, const char *what)
{
	char shown[SHOWN + 1];
	size_t n = 0;

	for (; column[n] != '\0' && n < SHOWN; n++)
		shown[n] = column[n] > ' ' && column[n] <= '~' ? column[n] : '?';
	shown[n] = '\0';
	snprintf(why, LEASETEXT_WHY, "\"%s\" is not %s", shown, what);
	return LEASETEXT_BAD;
}

static enum leasetext_kind bad_line(char *why, const char *what)
{
	snprintf(why, LEASETEXT_WHY, "%s", what);
	return LEASETEXT_BAD;
}

/* Cuts LINE into at most COLUMNS columns; returns how many there are, COLUMNS + 1 for more. */
static unsigned cut_columns(char *line, char *column[COLUMNS])
{
	unsigned n = 0;

	for (;;) {
		while (is_space(*line))
			*line++ = '\0';
		if (*line == '\0')
			return n;
		if (n == COLUMNS)
			return COLUMNS + 1;
		column[n++] = line;
		while (*line != '\0' && !is_space(*line))
			line++;
	}
}

static bool parse_number(const char *s, size_t max_digits, int64_t *out)
{
	int64_t n = 0;
	size_t digits = 0;

	for (; *s >= '0' && *s <= '9' && digits < max_digits; s++, digits++)
		n = n * 10 + (*s - '0');
	*out = n;
	return digits > 0 && *s == '\0';
}

static bool parse_prefix(char *s, struct prefix6 *out)
{
	char *slash = strchr(s, '/');
	int64_t len;
	bool good;

	if (!slash || !parse_number(slash + 1, 3, &len) || len > 128)
		return false;
	*slash = '\0';
	good = inet_pton(AF_INET6, s, out->addr.b) == 1;
	*slash = '/';
	out->len = (uint8_t)len;
	return good;
}

/* Anything behind it makes it a comment like any other: of a line that was cut short, half a prefix
 * may be left. */
static enum leasetext_kind parse_comment(char *line, size_t len, struct leasetext *out)
{
	const size_t n = strlen(DEFAULT);

	if (len < n || memcmp(line, DEFAULT, n) != 0 || memchr(line, '\0', len))
		return LEASETEXT_BLANK;
	line[len] = '\0';
	out->has_prefix = strcmp(line + n, NONE) != 0;
	if (!out->has_prefix)
		return LEASETEXT_DEFAULT;
	return parse_prefix(line + n, &out->prefix) ? LEASETEXT_DEFAULT : LEASETEXT_BLANK;
}

enum leasetext_kind leasetext_parse(char *line, size_t len, struct leasetext *out,
				    char why[LEASETEXT_WHY])
{
	char *column[COLUMNS];
	struct in_addr a;
	unsigned n;

	if (leasetext_is_comment(line, len))
		return parse_comment(line, len, out);
	if (memchr(line, '\0', len))
		return bad_line(why, "has NUL bytes");
	if (len >= LEASETEXT_MAX)
		return bad_line(why, "is too long");
	line[len] = '\0';
	n = cut_columns(line, column);
	if (n == 0)
		return LEASETEXT_BLANK;
	if (inet_pton(AF_INET, column[0], &a) != 1)
		return bad_column(why, column[0], "an IPv4 address");
	if (n < 3)
		return bad_line(why, "has too few columns (IPv4, IPv6 and time are expected)");
	if (n > COLUMNS)
		return bad_line(why, "has too many columns");
	out->addr = ntohl(a.s_addr);
	if (inet_pton(AF_INET6, column[1], out->host.b) != 1)
		return bad_column(why, column[1], "an IPv6 address");
	if (!parse_number(column[2], TIME_DIGITS, &out->when) || out->when == 0)
		return bad_column(why, column[2], "a unix time");
	out->has_prefix = n == COLUMNS;
	if (out->has_prefix && !parse_prefix(column[3], &out->prefix))
		return bad_column(why, column[3], "an IPv6 prefix");
	return LEASETEXT_LEASE;
}

static bool is_number(const char *s)
{
	return s[strspn(s, "0123456789")] == '\0';
}

bool leasetext_parse_cut(char *line, size_t len, struct leasetext *out)
{
	char *column[COLUMNS];
	struct in_addr a;
	bool ends_blank = len > 0 && is_space(line[len - 1]);
	unsigned n;

	if (len >= LEASETEXT_MAX || memchr(line, '\0', len))
		return false;
	line[len] = '\0';
	n = cut_columns(line, column);
	if (n < 2 || n > COLUMNS || (n == 2 && !ends_blank) || (n > 2 && !is_number(column[2])))
		return false;
	if (inet_pton(AF_INET, column[0], &a) != 1 ||
	    inet_pton(AF_INET6, column[1], out->host.b) != 1)
		return false;
	out->addr = ntohl(a.s_addr);
	out->has_prefix = n == COLUMNS;
	return !out->has_prefix || parse_prefix(column[3], &out->prefix);
}

static char *put_number(char *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(out, digits + at, sizeof(digits) - at);
	return out + sizeof(digits) - at;
}

size_t leasetext_format(char *out, uint32_t addr, const struct ip6 *host, int64_t when,
			const char *prefix)
{
	char *p = out;

	for (unsigned shift = 32; shift > 0; shift -= 8) {
		p = put_number(p, addr >> (shift - 8) & 0xff);
		*p++ = shift > 8 ? '.' : '\t';
	}
	inet_ntop(AF_INET6, host->b, p, INET6_ADDRSTRLEN);
	p += strlen(p);
	*p++ = '\t';
	/* A clock that stands at 1970 must not make a line that we would refuse. */
	p = put_number(p, when > 0 ? (uint64_t)when : 1);
	if (prefix) {
		size_t n = strlen(prefix);

		*p++ = '\t';
		memcpy(p, prefix, n);
		p += n;
	}
	*p++ = '\n';
	return (size_t)(p - out);
}

size_t leasetext_format_default(char *out, const char *prefix)
{
	return (size_t)snprintf(out, LEASETEXT_MAX, DEFAULT "%s\n", prefix ? prefix : NONE);
}

void leasetext_format_prefix(char out[LEASETEXT_PREFIX], const struct prefix6 *p)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, p->addr.b, text, sizeof(text));
	snprintf(out, LEASETEXT_PREFIX, "%s/%u", text, (unsigned)p->len);
}
