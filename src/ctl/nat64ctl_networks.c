/* nat64ctl_networks - `networks`: the sort keys of networks. */
#include "nat64ctl_list.h"

enum sort {
	BY_USED = 1,
	BY_UNCONFIRMED,
};

static const char *const sorts[] = {[BY_USED] = "used", [BY_UNCONFIRMED] = "unconfirmed", NULL};

static uint64_t key_of(unsigned sort, const union list_row *row)
{
	const struct network_row *r = &row->network;

	if (sort == BY_USED)
		return r->used;
	return r->used > r->confirmed ? r->used - r->confirmed : 0;
}

static const char **pool_of(union list_row *r)
{
	return &r->network.pool;
}

static const char **from_of(union list_row *r)
{
	return &r->network.from;
}

static bool parse(char *line, union list_row *r)
{
	return networkrow_parse(line, &r->network);
}

static size_t json(char *out, const union list_row *r)
{
	return networkrow_json(out, &r->network);
}

static size_t text(char *out, const union list_row *r)
{
	return networkrow_text(out, &r->network);
}

int ctl_networks(const struct ctl *c)
{
	static const struct list_kind kind = {
		.command = "networks",
		.row = "network",
		.sorts = sorts,
		.sorts_text = "used or unconfirmed",
		.usual = BY_USED,
		.parse = parse,
		.key = key_of,
		.texts = {pool_of, from_of},
		.json = json,
		.text = text,
		.header = networkrow_header,
	};

	return ctl_list(c, &kind);
}
