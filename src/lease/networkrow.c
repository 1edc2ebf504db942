/* networkrow - the keys and columns of a network in lists, and the parser. */
#include "lease/networkrow.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr_text.h"
#include "lib/json_line.h"

#define ROW "%-43s %10s %10s %11s %10s  %-18s %s\n"

/* USED and CONFIRMED are read at different times, so CONFIRMED may be larger. */
static uint64_t unconfirmed(const struct network_row *r)
{
	return r->used > r->confirmed ? r->used - r->confirmed : 0;
}

size_t networkrow_json(char out[NETWORKROW_MAX], const struct network_row *r)
{
	const char *quote = r->from ? "\"" : "";
	char network[ADDR_TEXT];

	return (size_t)snprintf(
		out, NETWORKROW_MAX,
		"{\"network\": \"%s\", \"pool\": \"%s\", \"from\": %s%s%s, \"used\": %" PRIu64
		", \"confirmed\": %" PRIu64 ", \"unconfirmed\": %" PRIu64 ", \"share\": %" PRIu64
		"}\n",
		addr_text_prefix6(network, &r->network), r->pool, quote, r->from ? r->from : "null",
		quote, r->used, r->confirmed, unconfirmed(r), r->share);
}

size_t networkrow_text(char out[NETWORKROW_MAX], const struct network_row *r)
{
	const uint64_t n[] = {r->used, r->confirmed, unconfirmed(r), r->share};
	char network[ADDR_TEXT], text[4][24];

	for (int i = 0; i < 4; i++)
		snprintf(text[i], sizeof(text[i]), "%" PRIu64, n[i]);
	return (size_t)snprintf(out, NETWORKROW_MAX, ROW, addr_text_prefix6(network, &r->network),
				text[0], text[1], text[2], text[3], r->pool,
				r->from ? r->from : "-");
}

size_t networkrow_header(char out[NETWORKROW_MAX])
{
	return (size_t)snprintf(out, NETWORKROW_MAX, ROW, "NETWORK", "USED", "CONFIRMED",
				"UNCONFIRMED", "FAIR-SHARE", "POOL", "FROM");
}

/* --- parsing -------------------------------------------------------------------------------- */

static bool set_network(char *text, struct prefix6 *out)
{
	char *slash = strchr(text, '/'), *end;
	unsigned long len;

	if (!slash)
		return false;
	*slash = '\0';
	len = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end || len > 128)
		return false;
	out->len = (uint8_t)len;
	return inet_pton(AF_INET6, text, out->addr.b) == 1;
}

static bool set_text(const char *key, char *value, struct network_row *r)
{
	if (strcmp(key, "network") == 0)
		return set_network(value, &r->network);
	if (strcmp(key, "pool") == 0)
		r->pool = value;
	else if (strcmp(key, "from") == 0)
		r->from = value;
	return true;
}

static void set_number(const char *key, const char *value, struct network_row *r)
{
	if (strcmp(key, "used") == 0)
		r->used = strtoull(value, NULL, 10);
	else if (strcmp(key, "confirmed") == 0)
		r->confirmed = strtoull(value, NULL, 10);
	else if (strcmp(key, "share") == 0)
		r->share = strtoull(value, NULL, 10);
}

static bool set_member(void *arg, const char *key, char *value, bool text)
{
	if (text)
		return set_text(key, value, arg);
	set_number(key, value, arg);
	return true;
}

bool networkrow_parse(char *line, struct network_row *r)
{
	*r = (struct network_row){.pool = NULL};
	return json_line_read(line, set_member, r) && r->pool && r->network.len > 0;
}
