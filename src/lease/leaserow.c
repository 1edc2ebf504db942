/* leaserow - decides which keys and columns a listed lease has, and in which form. */
#include "lease/leaserow.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/addr_text.h"
#include "lib/clock.h"
#include "lib/wire.h"

#define NUMBER 24 /* room for one as text */

#define ROW "%-15s %-39s %7s %7s %-9s %12s %14s %12s %14s %s\n"

/* A time or a text as a value of JSON. */
static const char *quote(char out[ADDR_TEXT], const char *text)
{
	if (!text)
		return "null";
	snprintf(out, ADDR_TEXT, "\"%.60s\"", text);
	return out;
}

size_t leaserow_json(char out[LEASEROW_MAX], const struct lease_row *r)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], prefix[ADDR_TEXT], pool[ADDR_TEXT], age[16] = "null";
	char since[CLOCK_TEXT], seen[CLOCK_TEXT], quoted[ADDR_TEXT];

	if (r->age >= 0)
		snprintf(age, sizeof(age), "%" PRId32, r->age);
	clock_rfc3339(since, r->now - r->age);
	return (size_t)snprintf(
		out, LEASEROW_MAX,
		"{\"ipv4\": \"%s\", \"ipv6\": \"%s\", \"prefix\": %s, \"pool\": %s, \"since\": %s, "
		"\"last_seen\": \"%s\", \"idle_seconds\": %" PRId32 ", \"age_seconds\": %s, "
		"\"confirmed\": %s, \"packets_6to4\": %" PRIu64 ", \"packets_4to6\": %" PRIu64
		", \"bytes_6to4\": %" PRIu64 ", \"bytes_4to6\": %" PRIu64 "}\n",
		addr_text4(addr, r->addr), addr_text6(host, &r->host), quote(prefix, r->prefix),
		quote(pool, r->pool), quote(quoted, r->age >= 0 ? since : NULL),
		clock_rfc3339(seen, r->now - r->idle), r->idle, age,
		r->confirmed ? "true" : "false", r->packets[FASTPATH_6TO4],
		r->packets[FASTPATH_4TO6], r->bytes[FASTPATH_6TO4], r->bytes[FASTPATH_4TO6]);
}

/* S seconds: "59s", "4m05s", "23h10m", "13d04h"; "-" below 0. */
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

/* --- reading ------------------------------------------------------------------------------ */

/* The value at *P: a string without its quotes, or any other one without members; *P is then behind
 * it.  NULL: there is none.  *TEXT: it was a string. */
static char *take_value(char **p, bool *text)
{
	char *value = *p, *end;

	*text = *value == '"';
	if (*text) {
		value++;
		end = value + strcspn(value, "\"\\");
		if (*end != '"') /* none of ours has to be escaped */
			return NULL;
		*p = end + 1;
		*end = '\0';
		return value;
	}
	end = value + strcspn(value, ",} {[\"");
	*p = end;
	return end > value ? value : NULL;
}

/* Ends a value that has no quote of its own; true if another member follows. */
static bool next_member(char **p)
{
	char end = **p;

	if (end == '\0')
		return false;
	*(*p)++ = '\0';
	*p += strspn(*p, " ");
	return end == ',';
}

static bool set_number(const char *key, const char *value, struct lease_row *r)
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

/* The unix time of last_seen, to the second. */
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

bool leaserow_parse(char *line, struct lease_row *r)
{
	bool text, more = *line == '{';
	char *p = line + 1;

	*r = (struct lease_row){.age = -1};
	while (more) {
		char *key = take_value(&p, &text), *value;

		if (!key || !text || strncmp(p, ": ", 2) != 0)
			return false;
		p += 2;
		value = take_value(&p, &text);
		if (!value)
			return false;
		more = next_member(&p);
		if (!(text ? set_text(key, value, r) : set_number(key, value, r)))
			return false;
	}
	r->now += r->idle;
	return r->addr != 0 && r->now != 0;
}
