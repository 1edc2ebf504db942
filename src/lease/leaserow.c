/* leaserow - the keys and columns of a lease in lists, their formats, and the parser. */
#include "lease/leaserow.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/addr_text.h"
#include "lib/clock.h"
#include "lib/json_line.h"
#include "lib/number_text.h"
#include "lib/wire.h"

#define NUMBER 24 /* size of a buffer for a number as text */

#define ROW "%-15s %-39s %7s %7s %-9s %12s %14s %12s %14s %s\n"

/* --- JSON --------------------------------------------------------------------------------- */

/* Up to a million rows may be listed.  With snprintf() and strftime(), that would take twice as
 * long. */
static char *put(char *out, const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return out + n;
}

static char *put_member(char *out, const char *key, uint64_t n)
{
	return number_text(put(out, key), n);
}

static char *put_text(char *out, const char *key, const char *text)
{
	out = put(out, key);
	if (!text)
		return put(out, "null");
	*out++ = '"';
	out = put(out, text);
	*out++ = '"';
	return out;
}

/* Most rows have times in the same hour, so only minutes and seconds are formatted again. */
static char *put_time(char *out, const char *key, int64_t at)
{
	static char text[CLOCK_TEXT];
	static int64_t hour = -1;
	int64_t in_hour = at % 3600;

	if (at < 0 || at / 3600 != hour)
		clock_rfc3339(text, at);
	hour = at < 0 ? -1 : at / 3600;
	if (at < 0)
		return put_text(out, key, text);
	text[14] = (char)('0' + in_hour / 600);
	text[15] = (char)('0' + in_hour / 60 % 10);
	text[17] = (char)('0' + in_hour % 60 / 10);
	text[18] = (char)('0' + in_hour % 10);
	return put_text(out, key, text);
}

size_t leaserow_json(char out[LEASEROW_MAX], const struct lease_row *r)
{
	char text[ADDR_TEXT], *p = out;

	p = put_text(p, "{\"ipv4\": ", addr_text4(text, r->addr));
	p = put_text(p, ", \"ipv6\": ", addr_text6(text, &r->host));
	p = put_text(p, ", \"prefix\": ", r->prefix);
	p = put_text(p, ", \"pool\": ", r->pool);
	if (r->age >= 0)
		p = put_time(p, ", \"since\": ", r->now - r->age);
	else
		p = put_text(p, ", \"since\": ", NULL);
	p = put_time(p, ", \"last_seen\": ", r->now - r->idle);
	p = put_member(p, ", \"idle_seconds\": ", (uint64_t)r->idle);
	if (r->age >= 0)
		p = put_member(p, ", \"age_seconds\": ", (uint64_t)r->age);
	else
		p = put_text(p, ", \"age_seconds\": ", NULL);
	p = put(p, r->confirmed ? ", \"confirmed\": true" : ", \"confirmed\": false");
	p = put_member(p, ", \"packets_6to4\": ", r->packets[FASTPATH_6TO4]);
	p = put_member(p, ", \"packets_4to6\": ", r->packets[FASTPATH_4TO6]);
	p = put_member(p, ", \"bytes_6to4\": ", r->bytes[FASTPATH_6TO4]);
	p = put_member(p, ", \"bytes_4to6\": ", r->bytes[FASTPATH_4TO6]);
	p = put(p, "}\n");
	*p = '\0';
	return (size_t)(p - out);
}

/* --- text --------------------------------------------------------------------------------- */

/* Formats S seconds: "59s", "4m05s", "23h10m", "13d04h"; "-" if negative. */
static char *duration(char buf[NUMBER], int64_t s)
{
	if (s < 0)
		snprintf(buf, NUMBER, "-");
	else if (s < 60)
		snprintf(buf, NUMBER, "%ds", (int)s);
	else if (s < 3600)
		snprintf(buf, NUMBER, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(buf, NUMBER, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(buf, NUMBER, "%" PRId64 "d%02dh", s / 86400, (int)(s / 3600 % 24));
	return buf;
}

static char *number(char buf[NUMBER], uint64_t n)
{
	snprintf(buf, NUMBER, "%" PRIu64, n);
	return buf;
}

size_t leaserow_text(char out[LEASEROW_MAX], const struct lease_row *r)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], age[NUMBER], idle[NUMBER];
	char n[4][NUMBER];

	return (size_t)snprintf(
		out, LEASEROW_MAX, ROW, addr_text4(addr, r->addr), addr_text6(host, &r->host),
		duration(age, r->age), duration(idle, r->idle), r->confirmed ? "yes" : "no",
		number(n[0], r->packets[FASTPATH_6TO4]), number(n[1], r->bytes[FASTPATH_6TO4]),
		number(n[2], r->packets[FASTPATH_4TO6]), number(n[3], r->bytes[FASTPATH_4TO6]),
		r->prefix ? r->prefix : "-");
}

size_t leaserow_header(char out[LEASEROW_MAX])
{
	return (size_t)snprintf(out, LEASEROW_MAX, ROW, "IPV4", "IPV6", "AGE", "IDLE", "CONFIRMED",
				"PACKETS-6TO4", "BYTES-6TO4", "PACKETS-4TO6", "BYTES-4TO6",
				"PREFIX");
}

/* --- parsing -------------------------------------------------------------------------------- */

static bool set_number(const char *key, char *value, struct lease_row *r)
{
	const struct {
		const char *key;
		uint64_t *to;
	} numbers[] = {{"packets_6to4", &r->packets[FASTPATH_6TO4]},
		       {"packets_4to6", &r->packets[FASTPATH_4TO6]},
		       {"bytes_6to4", &r->bytes[FASTPATH_6TO4]},
		       {"bytes_4to6", &r->bytes[FASTPATH_4TO6]}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(numbers[i].key, key) == 0)
			*numbers[i].to = strtoull(value, NULL, 10);
	if (strcmp(key, "idle_seconds") == 0)
		r->idle = (int32_t)strtol(value, NULL, 10);
	if (strcmp(key, "age_seconds") == 0 && strcmp(value, "null") != 0)
		r->age = (int32_t)strtol(value, NULL, 10);
	if (strcmp(key, "confirmed") == 0)
		r->confirmed = strcmp(value, "true") == 0;
	return true;
}

/* Parses the unix time of last_seen, in seconds. */
static bool read_time(const char *text, int64_t *out)
{
	struct tm tm = {.tm_isdst = 0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	*out = end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
	return *out != 0;
}

static bool set_text(const char *key, char *value, struct lease_row *r)
{
	struct in_addr a;

	if (strcmp(key, "ipv4") == 0) {
		if (inet_pton(AF_INET, value, &a) != 1)
			return false;
		r->addr = ntohl(a.s_addr);
	} else if (strcmp(key, "ipv6") == 0) {
		return inet_pton(AF_INET6, value, r->host.b) == 1;
	} else if (strcmp(key, "prefix") == 0) {
		r->prefix = value;
	} else if (strcmp(key, "pool") == 0) {
		r->pool = value;
	} else if (strcmp(key, "last_seen") == 0) {
		return read_time(value, &r->now);
	}
	return true;
}

static bool set_member(void *arg, const char *key, char *value, bool text)
{
	return (text ? set_text : set_number)(key, value, arg);
}

bool leaserow_parse(char *line, struct lease_row *r)
{
	*r = (struct lease_row){.age = -1};
	if (!json_line_read(line, set_member, r))
		return false;
	r->now += r->idle;
	return r->addr != 0 && r->now != 0;
}
