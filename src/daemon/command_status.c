/* command_status - answers `status`: shows the state of the daemon, as text or JSON. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define SLICE 100 /* number of pools to list at a time */

static int64_t uptime(const struct daemon *d)
{
	return (clock_ms() - d->started) / 1000;
}

/* Computed in microseconds, so that rounding does not make the result vary. */
int64_t command_since(const struct daemon *d)
{
	return (clock_wall_us() - (clock_us() - d->started * 1000)) / 1000000;
}

static const struct {
	unsigned bit;
	const char *name;
} offloads[] = {{TUN_CSUM, "checksums"}, {TUN_TCP, "tcp"}, {TUN_ECN, "ecn"}, {TUN_UDP, "udp"}};

#define OFFLOADS (sizeof(offloads) / sizeof(*offloads))

/* Adds the enabled offloads, separated by commas; QUOTE surrounds each name. */
static void add_offloads(struct answer *a, unsigned got, const char *quote)
{
	const char *comma = "";

	for (size_t i = 0; i < OFFLOADS; i++) {
		if (!(got & offloads[i].bit))
			continue;
		answer_add(a, "%s%s%s%s", comma, quote, offloads[i].name, quote);
		comma = ", ";
	}
}

size_t command_pools(const struct daemon *d)
{
	return d->active->pool ? d->active->conf->pools : 0;
}

/* A pool range by its index in the configuration; ranges are listed in that order. */
struct told {
	const struct pool_conf *conf;
	const struct conf_role *role;
	struct pool_range r;
	char range[ADDR_TEXT], from[ADDR_TEXT];
	bool for_all; /* FROM does not restrict the hosts */
};

static struct told get_pool(const struct daemon *d, size_t i)
{
	const struct conf *c = d->active->conf;
	struct told t = {.conf = &c->pool[i], .role = &c->role[i]};

	pool_range(d->active->pool, pool_which(d->active->pool, t.conf->range.addr), &t.r);
	addr_text_prefix4(t.range, &t.conf->range);
	addr_text_prefix6(t.from, &t.conf->from);
	t.for_all = t.conf->from.len == 0;
	return t;
}

static const struct {
	const char *key, *name;
	int64_t ms;
} spans[] = {
	{"last_1s", "last 1 s", 1000},
	{"last_10s", "last 10 s", 10000},
	{"last_60s", "last 60 s", 60000},
};

#define SPANS (sizeof(spans) / sizeof(*spans))

static struct rate get_rate(const struct daemon *d, size_t span)
{
	struct traffic total = rates_total(&d->counters);

	return rates_over(&d->rates, d->now, &total, spans[span].ms);
}

static const char *truth(bool is)
{
	return is ? "true" : "false";
}

/* --- JSON --------------------------------------------------------------------------------- */

static void add_times(struct answer *a, const struct daemon *d)
{
	char text[CLOCK_TEXT];

	answer_add(a, "\"since\": \"%s\", \"uptime_seconds\": %lld, ",
		   clock_rfc3339(text, command_since(d)), (long long)uptime(d));
	answer_add(a, "\"config_file\": ");
	answer_json(a, d->active->conf->path);
}

static void add_device(struct answer *a, const struct daemon *d)
{
	answer_add(a, ", \"device\": ");
	answer_json(a, tun_name(d->tun));
	answer_add(a, ", \"link_up\": %s, \"mtu\": %u, \"offloads\": [", truth(tun_is_up(d->tun)),
		   tun_mtu(d->tun));
	add_offloads(a, tun_offloads(d->tun), "\"");
	answer_add(a, "]");
}

static void add_fast_path(struct answer *a, const struct daemon *d)
{
	const struct counters *c = &d->counters;

	answer_add(a, ", \"fast_path\": {\"active\": %s, \"reason\": ", truth(d->fast != NULL));
	answer_json(a, !d->fast && d->fast_off[0] ? d->fast_off : NULL);
	answer_add(a, ", \"entries\": %u, \"packets\": %llu}, \"draining\": %s",
		   d->active->conf->fast_path,
		   (unsigned long long)(c->fast[DIR_4TO6] + c->fast[DIR_6TO4]),
		   truth(d->xlat.draining));
}

static void add_sandbox(struct answer *a, const struct daemon *d)
{
	struct sandbox_state s = daemon_sandbox_state(d);

	answer_add(a,
		   ", \"sandbox\": {\"mode\": \"%s\", \"seccomp\": %s, \"landlock\": %d, "
		   "\"helper\": %s}",
		   s.mode, truth(s.seccomp), s.landlock, s.has_keeper ? truth(s.keeper) : "null");
}

static void add_reload(struct answer *a, const struct daemon *d)
{
	char text[CLOCK_TEXT];

	if (!d->reload.any) {
		answer_add(a, ", \"last_reload\": null");
		return;
	}
	answer_add(a, ", \"last_reload\": {\"time\": \"%s\", \"ok\": %s, \"error\": ",
		   clock_rfc3339(text, d->reload.at), truth(d->reload.ok));
	answer_json(a, d->reload.ok ? NULL : d->reload.error);
	answer_add(a, "}");
}

static void add_rates(struct answer *a, const struct daemon *d)
{
	for (size_t i = 0; i < SPANS; i++) {
		struct rate r = get_rate(d, i);

		answer_add(a,
			   "%s\"%s\": {\"packets_6to4\": %.1f, \"packets_4to6\": %.1f, "
			   "\"bytes_6to4\": %.1f, \"bytes_4to6\": %.1f}",
			   i ? ", " : ", \"rates\": {", spans[i].key, r.packets[DIR_6TO4],
			   r.packets[DIR_4TO6], r.bytes[DIR_6TO4], r.bytes[DIR_4TO6]);
	}
	answer_add(a, "}");
}

static void add_lease_file(struct answer *a, const struct daemon *d)
{
	int trouble = d->leases.file ? leasefile_trouble(d->leases.file) : 0;
	char path[PATH_MAX], text[CLOCK_TEXT];

	if (!d->leases.file) {
		answer_add(a, ", \"lease_file\": null");
		return;
	}
	snprintf(path, sizeof(path), "%.*s/" LEASEFILE_NAME, PATH_MAX - 32,
		 d->active->conf->data_dir);
	answer_add(a, ", \"lease_file\": {\"path\": ");
	answer_json(a, path);
	answer_add(a, ", \"ok\": %s, \"error\": ", truth(!trouble));
	answer_json(a, trouble ? leasefile_strerror(trouble) : NULL);
	answer_add(a, ", \"last_write\": \"%s\"}",
		   clock_rfc3339(text, leasefile_written(d->leases.file)));
}

static void add_pool(struct answer *a, const struct daemon *d, size_t i)
{
	struct told t = get_pool(d, i);
	const struct pool_conf *c = t.conf;
	char revision[COMMAND_REVISION];

	answer_add(a, "%s{\"pool\": \"%s\", \"standby\": %s, \"revision\": %s, \"from\": ",
		   i ? ", " : "", t.range, truth(c->standby),
		   command_revision(revision, t.role->revision));
	answer_json(a, t.for_all ? NULL : t.from);
	answer_add(a, ", \"lease_min\": %ld, \"lease_max\": %ld, \"share\": ", (long)c->guarantee,
		   (long)c->keep);
	if (c->share)
		answer_add(a, "{\"length\": %u, \"leases\": %lu}", c->share_len,
			   (unsigned long)c->share);
	else
		answer_add(a, "null");
	answer_add(a,
		   ", \"size\": %zu, \"used\": %zu, \"confirmed\": %zu, \"not_preferred\": %zu, "
		   "\"refused\": %llu, \"displaced\": %llu}",
		   t.r.size, t.r.used, t.r.confirmed, t.r.not_preferred,
		   (unsigned long long)t.r.refused, (unsigned long long)t.r.displaced);
}

/* The pools may not fit into one part of the answer.  If a reload happens in between, only numbers
 * change. */
static bool more_json(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	size_t n = command_pools(d);

	for (int i = 0; i < SLICE && a->cursor < n; i++)
		add_pool(a, d, a->cursor++);
	if (a->cursor < n)
		return true;
	answer_add(a, "]");
	add_rates(a, d);
	add_lease_file(a, d);
	answer_add(a, "}\n");
	return false;
}

static void status_json(struct answer *a, struct daemon *d)
{
	answer_add(a, "{\"version\": \"" PACKAGE_VERSION "\", \"pid\": %ld, ", (long)getpid());
	add_times(a, d);
	add_device(a, d);
	add_fast_path(a, d);
	add_sandbox(a, d);
	add_reload(a, d);
	answer_add(a, ", \"pools\": [");
	if (more_json(d, a))
		a->more = more_json;
}

/* --- text --------------------------------------------------------------------------------- */

static void say_device(struct answer *a, const struct daemon *d)
{
	answer_add(a, "device         %s, link %s, MTU %u, offloads: ", tun_name(d->tun),
		   tun_is_up(d->tun) ? "up" : "down", tun_mtu(d->tun));
	add_offloads(a, tun_offloads(d->tun), "");
	answer_add(a, "%s\n", tun_offloads(d->tun) ? "" : "none");
	if (d->fast)
		answer_add(a, "fast path      on, %u entries\n", d->active->conf->fast_path);
	else
		answer_add(a, "fast path      off%s%s\n", d->fast_off[0] ? ": " : "", d->fast_off);
}

static void say_sandbox(struct answer *a, const struct daemon *d)
{
	struct sandbox_state s = daemon_sandbox_state(d);

	answer_add(a, "sandbox        %s", s.seccomp ? "seccomp" : s.landlock ? "" : "off");
	if (s.landlock)
		answer_add(a, "%sLandlock ABI %d", s.seccomp ? ", " : "", s.landlock);
	answer_add(a, "\n");
}

static void say_reload(struct answer *a, const struct daemon *d)
{
	char text[CLOCK_TEXT];

	if (!d->reload.any)
		answer_add(a, "last reload    none\n");
	else if (d->reload.ok)
		answer_add(a, "last reload    %s, done\n", clock_rfc3339(text, d->reload.at));
	else
		answer_add(a, "last reload    %s, refused: %s\n", clock_rfc3339(text, d->reload.at),
			   d->reload.error);
}

static void say_lease_file(struct answer *a, const struct daemon *d)
{
	char text[CLOCK_TEXT];
	int trouble;

	if (!d->leases.file)
		return;
	trouble = leasefile_trouble(d->leases.file);
	answer_add(a, "lease file     %s/" LEASEFILE_NAME "%s%s, last written %s\n",
		   d->active->conf->data_dir, trouble ? ": " : ", no errors",
		   trouble ? leasefile_strerror(trouble) : "",
		   clock_rfc3339(text, leasefile_written(d->leases.file)));
}

static void say_rates(struct answer *a, const struct daemon *d)
{
	answer_add(a, "\n%-10s %15s %15s %15s %15s\n", "PER SECOND", "PACKETS 6TO4", "PACKETS 4TO6",
		   "BYTES 6TO4", "BYTES 4TO6");
	for (size_t i = 0; i < SPANS; i++) {
		struct rate r = get_rate(d, i);

		answer_add(a, "%-10s %15.1f %15.1f %15.0f %15.0f\n", spans[i].name,
			   r.packets[DIR_6TO4], r.packets[DIR_4TO6], r.bytes[DIR_6TO4],
			   r.bytes[DIR_4TO6]);
	}
}

/* The hosts of a pool are the last column, because their text may be long. */
static void say_pool(struct answer *a, const struct daemon *d, size_t i)
{
	struct told t = get_pool(d, i);
	char share[32] = "-";

	if (t.conf->share)
		snprintf(share, sizeof(share), "/%u:%lu", t.conf->share_len,
			 (unsigned long)t.conf->share);
	answer_add(a, "%-18s %10zu %10zu %10zu %10zu %13zu %10llu %10llu  %-10s %-8s %s\n", t.range,
		   t.r.size, t.r.used, t.r.size - t.r.used, t.r.confirmed, t.r.not_preferred,
		   (unsigned long long)t.r.refused, (unsigned long long)t.r.displaced, share,
		   t.conf->standby ? "standby" : "owner", t.for_all ? "-" : t.from);
}

static bool more_text(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	size_t n = command_pools(d);

	for (int i = 0; i < SLICE && a->cursor < n; i++)
		say_pool(a, d, a->cursor++);
	return a->cursor < n;
}

static void status_text(struct answer *a, struct daemon *d)
{
	char line[STATUS_MAX];

	answer_add(a, "nat64d %s, process %ld, up for %lld s\n", PACKAGE_VERSION, (long)getpid(),
		   (long long)uptime(d));
	answer_add(a, "configuration  %s\n", d->active->conf->path);
	say_device(a, d);
	say_sandbox(a, d);
	say_reload(a, d);
	say_lease_file(a, d);
	if (d->xlat.draining)
		answer_add(a, "draining       new hosts get no lease\n");
	answer_add(a, "packets        %s\n", daemon_status_line(d, line));
	say_rates(a, d);
	if (command_pools(d) == 0)
		return;
	answer_add(a, "\n%-18s %10s %10s %10s %10s %13s %10s %10s  %-10s %-8s %s\n", "POOL", "SIZE",
		   "USED", "FREE", "CONFIRMED", "NOT-PREFERRED", "REFUSED", "DISPLACED", "SHARE",
		   "ROLE", "FROM");
	if (more_text(d, a))
		a->more = more_text;
}

void command_status(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;

	daemon_count_fast(d);
	answer_add(a, "ok\n");
	(r->json ? status_json : status_text)(a, d);
}
