/* leasetext - the syntax of the lease file's lines.
 *
 * Tayga writes "IPv4 TAB IPv6 TAB unix-time".  It accepts any white space between the columns, and
 * so do we.  A number followed by other characters is invalid, because half of a line must never
 * pass for a complete one.
 *
 * Tayga rejects a line with more columns.  Additional information is in comments, which Tayga
 * ignores.  They name the prefix of lines without a fourth column, and the time when the lease of
 * the next line began.  They also say that the next lease is not confirmed, or that a lease has
 * ended early.
 *
 * A wrong bit in an address can turn it into that of another lease.  The line would then override
 * that lease, although its own line is intact.  Therefore a checksum precedes each record.
 *
 * One comment about the prefix concerns all lines after it, so a single wrong bit in it could end
 * all leases.  Therefore it is there twice.  The first one has a checksum of its text; an earlier
 * version takes it for an ordinary comment.  The checksums are not secret: their key is zero. */
#include "lease/leasetext.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr_text.h"
#include "lib/number_text.h"
#include "lib/siphash.h"

#define COLUMNS     4
#define TIME_DIGITS 18          /* any such number fits int64_t */
#define SHOWN       45          /* maximum characters of an invalid column that a message repeats */
#define DEFAULT     "# prefix " /* Tayga ignores it as a comment */
#define NONE        "none"
#define CHECKSUM    " checksum " /* after the prefix; 8 hexadecimal digits follow */
#define SINCE       "# since "
#define UNCONFIRMED "# unconfirmed"
#define END         "# ended "
#define BLANKS      " \t\r\v\f"
#define DIGITS      "0123456789"
#define HEX_DIGITS  DIGITS "abcdef"

#define RECORD        "# checksum " /* 8 hexadecimal digits follow */
#define CHECKSUM_TEXT 9             /* its digits and a NUL */

static bool is_space(char c)
{
	return c != '\0' && strchr(BLANKS, c);
}

static bool is_comment(const char *line, size_t len)
{
	while (len > 0 && is_space(*line)) {
		line++;
		len--;
	}
	return len > 0 && *line == '#';
}

/* The file may contain anything, and the text goes to a log or a terminal. */
static enum leasetext_kind bad_column(char *why, const char *column, const char *what)
{
	char shown[SHOWN + 1];
	size_t n = 0;

	for (; n < SHOWN && column[n] != '\0'; n++)
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

/* Splits LINE into at most COLUMNS columns; missing ones are empty.  Returns their number, or
 * COLUMNS + 1 if there are more. */
static unsigned split_columns(char *line, char *column[COLUMNS])
{
	char *end = line + strlen(line), *rest;
	unsigned n = 0;

	for (char *p = strtok_r(line, BLANKS, &rest); p; p = strtok_r(NULL, BLANKS, &rest)) {
		if (n == COLUMNS)
			return COLUMNS + 1;
		column[n++] = p;
	}
	for (unsigned i = n; i < COLUMNS; i++)
		column[i] = end;
	return n;
}

static bool parse_number(const char *s, size_t max_digits, int64_t *out)
{
	size_t digits = strspn(s, DIGITS);

	if (digits == 0 || digits > max_digits || s[digits] != '\0')
		return false;
	*out = strtoll(s, NULL, 10);
	return true;
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

static bool begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(line, word, n) == 0;
}

static enum leasetext_kind parse_since(const char *text, struct leasetext *out)
{
	int64_t since;

	if (!parse_number(text, TIME_DIGITS, &since) || since == 0)
		return LEASETEXT_BLANK;
	out->since = since;
	return LEASETEXT_SINCE;
}

/* Earlier versions have not written the host. */
static enum leasetext_kind parse_end(char *text, struct leasetext *out)
{
	char *host = strchr(text, ' ');
	struct in_addr a;

	out->has_host = host != NULL;
	if (host)
		*host++ = '\0';
	if (inet_pton(AF_INET, text, &a) != 1 ||
	    (host && inet_pton(AF_INET6, host, out->host.b) != 1))
		return LEASETEXT_BLANK;
	out->addr = ntohl(a.s_addr);
	return LEASETEXT_END;
}

/* With any text after the prefix, this is an ordinary comment. */
static enum leasetext_kind parse_default(char *text, struct leasetext *out)
{
	out->has_prefix = strcmp(text, NONE) != 0;
	if (out->has_prefix && !parse_prefix(text, &out->prefix))
		return LEASETEXT_BLANK;
	return LEASETEXT_DEFAULT;
}

uint32_t leasetext_sum(const char *text, size_t len)
{
	return (uint32_t)siphash(&(struct siphash_key){0, 0}, text, len);
}

static const char *checksum(const char *text, size_t len, char out[CHECKSUM_TEXT])
{
	uint32_t sum = leasetext_sum(text, len);

	for (int i = CHECKSUM_TEXT - 2; i >= 0; i--, sum >>= 4)
		out[i] = HEX_DIGITS[sum & 15];
	out[CHECKSUM_TEXT - 1] = '\0';
	return out;
}

static enum leasetext_kind parse_sum(const char *text, struct leasetext *out)
{
	if (strspn(text, HEX_DIGITS) != CHECKSUM_TEXT - 1 || text[CHECKSUM_TEXT - 1] != '\0')
		return LEASETEXT_BLANK;
	out->sum = (uint32_t)strtoul(text, NULL, 16);
	return LEASETEXT_CHECKSUM;
}

/* The checksum is at SUM.  The next line may follow it, since the newline may be damaged. */
static enum leasetext_kind parse_checked(char *text, char *sum, struct leasetext *out, char *why)
{
	char want[CHECKSUM_TEXT];

	*sum = '\0';
	if (strncmp(sum + strlen(CHECKSUM), checksum(text, strlen(text), want),
		    CHECKSUM_TEXT - 1) != 0)
		return bad_line(why, "does not fit its checksum");
	return parse_default(text, out) == LEASETEXT_DEFAULT ? LEASETEXT_CHECKED : LEASETEXT_BLANK;
}

/* An ordinary comment may begin like one of ours. */
static enum leasetext_kind parse_ours(char *line, size_t len, struct leasetext *out, char *why)
{
	char *text = line + strlen(DEFAULT), *sum;

	if (begins(line, len, RECORD))
		return parse_sum(line + strlen(RECORD), out);
	if (begins(line, len, SINCE))
		return parse_since(line + strlen(SINCE), out);
	if (begins(line, len, END))
		return parse_end(line + strlen(END), out);
	if (strcmp(line, UNCONFIRMED) == 0)
		return LEASETEXT_UNCONFIRMED;
	if (!begins(line, len, DEFAULT))
		return LEASETEXT_BLANK;
	sum = strstr(text, CHECKSUM);
	return sum ? parse_checked(text, sum, out, why) : parse_default(text, out);
}

/* Returns true if another line follows a comment of ours, because the newline is damaged. */
static bool has_two_lines(const char *line, size_t len)
{
	static const char *const ours[] = {DEFAULT, RECORD,    SINCE,     UNCONFIRMED,
					   END,     "# clean", "# in use"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (begins(line, len, ours[i]))
			return strpbrk(line + 1, "#\t");
	return false;
}

static enum leasetext_kind parse_comment(char *line, size_t len, struct leasetext *out, char *why)
{
	enum leasetext_kind kind;

	if (memchr(line, '\0', len))
		return LEASETEXT_BLANK;
	line[len] = '\0';
	kind = parse_ours(line, len, out, why);
	if (kind == LEASETEXT_BLANK && has_two_lines(line, len))
		return bad_line(why, "is a comment and another line in one");
	return kind;
}

/* Returns true if an earlier start has found this line incomplete, and has reported and marked
 * it. */
static bool is_closed_off(const char *line, size_t len)
{
	const size_t mark = strlen(LEASETEXT_CUT_SHORT) - 1; /* without the newline */

	return len >= mark && memcmp(line + len - mark, LEASETEXT_CUT_SHORT, mark) == 0;
}

/* For an incomplete line, only checks that the remaining characters are digits. */
static bool parse_time(const char *s, bool cut, int64_t *out)
{
	if (cut)
		return s[strspn(s, DIGITS)] == '\0';
	return parse_number(s, TIME_DIGITS, out) && *out > 0;
}

static enum leasetext_kind parse_lease(char *line, size_t len, bool cut, struct leasetext *out,
				       char why[LEASETEXT_WHY])
{
	/* digits of the last word of an incomplete line may be missing */
	unsigned n, least = cut && len > 0 && is_space(line[len - 1]) ? 2 : 3;
	char *column[COLUMNS];
	struct in_addr a;

	line[len] = '\0';
	n = split_columns(line, column);
	if (n == 0)
		return LEASETEXT_BLANK;
	if (inet_pton(AF_INET, column[0], &a) != 1)
		return bad_column(why, column[0], "an IPv4 address");
	if (n < least)
		return bad_line(why, "has too few columns (IPv4, IPv6 and time are expected)");
	if (n > COLUMNS)
		return bad_line(why, "has too many columns");
	out->addr = ntohl(a.s_addr);
	if (inet_pton(AF_INET6, column[1], out->host.b) != 1)
		return bad_column(why, column[1], "an IPv6 address");
	if (!parse_time(column[2], cut, &out->when))
		return bad_column(why, column[2], "a unix time");
	out->has_prefix = n == COLUMNS;
	if (out->has_prefix && !parse_prefix(column[3], &out->prefix))
		return bad_column(why, column[3], "an IPv6 prefix");
	return LEASETEXT_LEASE;
}

enum leasetext_kind leasetext_parse(char *line, size_t len, bool cut, struct leasetext *out,
				    char why[LEASETEXT_WHY])
{
	enum leasetext_kind kind;

	if (is_closed_off(line, len))
		return LEASETEXT_CLOSED;
	if (is_comment(line, len)) /* a part of a number or of a prefix may be missing */
		return cut ? LEASETEXT_BLANK : parse_comment(line, len, out, why);
	if (memchr(line, '\0', len))
		return bad_line(why, "has NUL bytes");
	if (len < LEASETEXT_MAX)
		kind = parse_lease(line, len, cut, out, why);
	else
		kind = bad_line(why, "is too long");
	return kind == LEASETEXT_BAD && cut ? bad_line(why, LEASETEXT_CUT) : kind;
}

bool leasetext_same_prefix(const struct leasetext *a, const struct leasetext *b)
{
	return a->has_prefix == b->has_prefix &&
	       (!a->has_prefix || prefix6_equal(&a->prefix, &b->prefix));
}

/* Terminates TEXT with END.  Returns the position after it. */
static char *end_text(char *text, char end)
{
	text += strlen(text);
	*text = end;
	return text + 1;
}

/* A clock that is still at 1970 must not cause a line that the parser would refuse. */
static char *put_time(char *out, int64_t t, char end)
{
	out = number_text(out, t > 0 ? (uint64_t)t : 1);
	*out = end;
	return out + 1;
}

static char *put_comments(char *out, const struct leasetext *t)
{
	if (t->since) {
		memcpy(out, SINCE, strlen(SINCE));
		out = put_time(out + strlen(SINCE), t->since, '\n');
	}
	if (t->unconfirmed) {
		memcpy(out, UNCONFIRMED "\n", strlen(UNCONFIRMED "\n"));
		out += strlen(UNCONFIRMED "\n");
	}
	return out;
}

static size_t put_record(char *out, const struct leasetext *t)
{
	char *p = put_comments(out, t);

	p = end_text(addr_text4(p, t->addr), '\t');
	p = end_text(addr_text6(p, &t->host), '\t');
	p = put_time(p, t->when, t->has_prefix ? '\t' : '\n');
	if (t->has_prefix)
		p = end_text(addr_text_prefix6(p, &t->prefix), '\n');
	return (size_t)(p - out);
}

size_t leasetext_format(char out[LEASETEXT_RECORD], const struct leasetext *t)
{
	return put_record(out, t);
}

size_t leasetext_format_checked(char out[LEASETEXT_RECORD], const struct leasetext *t)
{
	const size_t before = strlen(RECORD) + CHECKSUM_TEXT; /* with the newline */
	size_t len = put_record(out + before, t);

	memcpy(out, RECORD, strlen(RECORD));
	checksum(out + before, len, out + strlen(RECORD));
	out[before - 1] = '\n';
	return before + len;
}

size_t leasetext_format_default(char out[LEASETEXT_MAX], const struct prefix6 *prefix)
{
	char text[ADDR_TEXT] = NONE, sum[CHECKSUM_TEXT];

	if (prefix)
		addr_text_prefix6(text, prefix);
	return (size_t)snprintf(out, LEASETEXT_MAX, DEFAULT "%s" CHECKSUM "%s\n" DEFAULT "%s\n",
				text, checksum(text, strlen(text), sum), text);
}

size_t leasetext_format_end(char out[LEASETEXT_MAX], uint32_t addr, const struct ip6 *host)
{
	char a[ADDR_TEXT], h[ADDR_TEXT];

	return (size_t)snprintf(out, LEASETEXT_MAX, END "%.15s %.45s\n", addr_text4(a, addr),
				addr_text6(h, host));
}
