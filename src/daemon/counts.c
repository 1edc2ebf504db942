/* counts - the order and names of the counters in `nat64ctl counters`, their output, and the parser
 * of their JSON. */
#include "daemon/counts.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#define NAME_MAX_LEN 64 /* bytes of a counter's name, including the NUL */

/* In the order of the columns: first the packets that IPv6 hosts send. */
static const struct {
	enum report_dir dir;
	const char *name;
} directions[DIRS] = {{DIR_6TO4, "6to4"}, {DIR_4TO6, "4to6"}};

/* The counters that are not reasons.  The first ones are pairs, one for each direction. */
#define OF(member) offsetof(struct counters, member)
static const struct other {
	const char *name;
	size_t at;
} others[] = {
	{"bytes_6to4", OF(bytes[DIR_6TO4])},
	{"bytes_4to6", OF(bytes[DIR_4TO6])},
	{"fast_packets_6to4", OF(fast[DIR_6TO4])},
	{"fast_packets_4to6", OF(fast[DIR_4TO6])},
	{"icmp_sent", OF(answers)},
	{"icmp_suppressed", OF(suppressed)},
	{"gso_read", OF(gso_read)},
	{"gso_written", OF(gso_written)},
	{"merged", OF(merged)},
	{"write_failed", OF(write_failed)},
	{"leases_recorded", OF(recorded)},
};
#undef OF
#define OTHERS (sizeof(others) / sizeof(*others))
#define PAIRED 4 /* number of counters that form pairs */

_Static_assert(sizeof(struct counters) == (DIRS * (size_t)REASON_COUNT + OTHERS) * sizeof(uint64_t),
	       "a counter without a name");

static uint64_t *other(struct counters *c, const struct other *o)
{
	return (uint64_t *)(void *)((char *)c + o->at);
}

static uint64_t value(const struct counters *c, const struct other *o)
{
	uint64_t n;

	memcpy(&n, (const char *)c + o->at, sizeof(n));
	return n;
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void add_reason(struct answer *a, enum reason why, uint64_t n, bool explain)
{
	const struct reason_row *row = &reason_table[why];

	answer_add(a, "%s\"%s\": ", why ? ", " : "", row->name);
	if (!explain) {
		answer_add(a, "%" PRIu64, n);
		return;
	}
	answer_add(a, "{\"count\": %" PRIu64 ", \"class\": ", n);
	answer_json(a, conf_log_name(row->class));
	answer_add(a, ", \"text\": ");
	answer_json(a, row->text);
	answer_add(a, "}");
}

void counts_json(struct answer *a, const struct counters *c, bool explain)
{
	for (int i = 0; i < DIRS; i++) {
		answer_add(a, "%s\"%s\": {", i ? ", " : "{", directions[i].name);
		for (int why = 0; why < REASON_COUNT; why++)
			add_reason(a, (enum reason)why, c->reason[directions[i].dir][why], explain);
		answer_add(a, "}");
	}
	for (size_t i = 0; i < OTHERS; i++)
		answer_add(a, ", \"%s\": %" PRIu64, others[i].name, value(c, &others[i]));
	answer_add(a, "}\n");
}

/* --- text ----------------------------------------------------------------------------------- */

static void add_row(struct answer *a, const char *name, int len, uint64_t out, uint64_t in)
{
	answer_add(a, "%-22.*s %20" PRIu64 " %20" PRIu64, len, name, out, in);
}

static void add_reasons(struct answer *a, const struct counters *c, bool explain)
{
	for (int why = 0; why < REASON_COUNT; why++) {
		const struct reason_row *row = &reason_table[why];
		uint64_t out = c->reason[DIR_6TO4][why], in = c->reason[DIR_4TO6][why];
		const char *class = conf_log_name(row->class);

		if (out == 0 && in == 0)
			continue;
		add_row(a, row->name, NAME_MAX_LEN, out, in);
		if (explain)
			answer_add(a, "  %-6s  %s", class ? class : "-", row->text);
		answer_add(a, "\n");
	}
}

/* Adds a pair of counters in one line, named by the common part of their names. */
static void add_pair(struct answer *a, const struct counters *c, const struct other *pair)
{
	uint64_t out = value(c, &pair[0]), in = value(c, &pair[1]);

	if (out == 0 && in == 0)
		return;
	add_row(a, pair->name, (int)(strlen(pair->name) - strlen("_6to4")), out, in);
	answer_add(a, "\n");
}

void counts_text(struct answer *a, const struct counters *c, bool explain)
{
	answer_add(a, "%-22s %20s %20s%s\n", "COUNTER", "6TO4", "4TO6",
		   explain ? "  CLASS   TEXT" : "");
	add_reasons(a, c, explain);
	for (size_t i = 0; i < PAIRED; i += 2)
		add_pair(a, c, &others[i]);
	answer_add(a, "\n%-22s %20s\n", "COUNTER", "COUNT");
	for (size_t i = PAIRED; i < OTHERS; i++)
		if (value(c, &others[i]) > 0)
			answer_add(a, "%-22s %20" PRIu64 "\n", others[i].name,
				   value(c, &others[i]));
}

/* --- parsing -------------------------------------------------------------------------------- */

/* Reads the name in quotes after *AT, and advances *AT past the colon that follows it. */
static bool take_name(const char **at, char name[NAME_MAX_LEN])
{
	const char *from = strchr(*at, '"'), *to = from ? strchr(from + 1, '"') : NULL;
	size_t len = to ? (size_t)(to - from) - 1 : NAME_MAX_LEN;

	if (len >= NAME_MAX_LEN || strncmp(to, "\": ", 3) != 0)
		return false;
	memcpy(name, from + 1, len);
	name[len] = '\0';
	*at = to + 3;
	return true;
}

static bool take_number(const char **at, uint64_t *n)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*n = strtoull(*at, &end, 10);
	*at = end;
	return *end == ',' || *end == '}';
}

/* SECTION: the name of a direction, or NULL for the other counters. */
static void set(struct counters *c, const char *section, const char *name, uint64_t n)
{
	for (size_t i = 0; !section && i < OTHERS; i++)
		if (strcmp(others[i].name, name) == 0)
			*other(c, &others[i]) = n;
	for (int i = 0; section && i < DIRS; i++)
		for (int why = 0; strcmp(directions[i].name, section) == 0 && why < REASON_COUNT;
		     why++)
			if (strcmp(reason_table[why].name, name) == 0)
				c->reason[directions[i].dir][why] = n;
}

bool counts_read(struct counters *c, const char *json)
{
	char name[NAME_MAX_LEN], section[NAME_MAX_LEN];
	bool inside = false;
	uint64_t n;

	*c = (struct counters){.answers = 0};
	if (*json != '{')
		return false;
	for (;;) {
		if (!take_name(&json, name))
			return false;
		if (!inside && *json == '{') {
			memcpy(section, name, sizeof(section));
			inside = true;
			continue;
		}
		if (!take_number(&json, &n))
			return false;
		set(c, inside ? section : NULL, name, n);
		if (*json == '}' && !inside)
			return true;
		inside = inside && *json != '}';
	}
}

bool counts_since(struct counters *c, const struct counters *was)
{
	const uint64_t *before = (const uint64_t *)(const void *)was;
	uint64_t *now = (uint64_t *)(void *)c;
	bool more = true;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*now); i++) {
		more = more && now[i] >= before[i];
		now[i] -= before[i];
	}
	return more;
}
