/* nat64ctl_leases - `leases`: the sort keys of leases. */
#include "nat64ctl_list.h"

enum sort {
	BY_IDLE = 1,
	BY_AGE,
	BY_PACKETS,
	BY_BYTES,
};

static const char *const sorts[] = {
	[BY_IDLE] = "idle", [BY_AGE] = "age", [BY_PACKETS] = "packets", [BY_BYTES] = "bytes", NULL};

static uint64_t key_of(unsigned sort, const union list_row *row)
{
	const struct lease_row *r = &row->lease;

	switch ((enum sort)sort) {
	case BY_IDLE:
		return (uint64_t)r->idle;
	case BY_AGE: /* an unknown age counts as the highest */
		return r->age < 0 ? UINT32_MAX : (uint64_t)r->age;
	case BY_PACKETS:
		return r->packets[0] + r->packets[1];
	case BY_BYTES:
		return r->bytes[0] + r->bytes[1];
	}
	return 0;
}

static const char **prefix_of(union list_row *r)
{
	return &r->lease.prefix;
}

static const char **pool_of(union list_row *r)
{
	return &r->lease.pool;
}

static bool parse(char *line, union list_row *r)
{
	return leaserow_parse(line, &r->lease);
}

static size_t json(char *out, const union list_row *r)
{
	return leaserow_json(out, &r->lease);
}

static size_t text(char *out, const union list_row *r)
{
	return leaserow_text(out, &r->lease);
}

int ctl_leases(const struct ctl *c)
{
	static const struct list_kind kind = {
		.command = "leases",
		.row = "lease",
		.sorts = sorts,
		.sorts_text = "idle, age, packets or bytes",
		.parse = parse,
		.key = key_of,
		.texts = {prefix_of, pool_of},
		.json = json,
		.text = text,
		.header = leaserow_header,
	};

	return ctl_list(c, &kind);
}
