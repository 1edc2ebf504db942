/* metrics - the names, order and help texts of the metrics, and their output.
 *
 * Both formats have one family for each name: its help text and type, followed by its
 * samples.  OpenMetrics names the family of a counter without "_total". */
#include "daemon/metrics.h"

#include <inttypes.h>
#include <string.h>

#define SLICE 16384 /* bytes; when an answer has so many, the rest follows later */
#define POOLS 50    /* number of samples to add at a time */

static const char *const dir_name[DIRS] = {[DIR_4TO6] = "4to6", [DIR_6TO4] = "6to4"};

/* --- samples of several lines --------------------------------------------------------------- */

static void add_packets(const struct metrics *m, struct answer *a, const char *name)
{
	for (int dir = DIRS - 1; dir >= 0; dir--)
		for (int why = 0; why < REASON_COUNT; why++)
			answer_add(a, "%s{direction=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name,
				   dir_name[dir], reason_table[why].name,
				   m->counters->reason[dir][why]);
}

static void add_directions(struct answer *a, const char *name, const uint64_t n[DIRS])
{
	for (int dir = DIRS - 1; dir >= 0; dir--)
		answer_add(a, "%s{direction=\"%s\"} %" PRIu64 "\n", name, dir_name[dir], n[dir]);
}

static void add_bytes(const struct metrics *m, struct answer *a, const char *name)
{
	add_directions(a, name, m->counters->bytes);
}

static void add_fast(const struct metrics *m, struct answer *a, const char *name)
{
	add_directions(a, name, m->counters->fast);
}

static void add_build(const struct metrics *m, struct answer *a, const char *name)
{
	answer_add(a, "%s{version=\"%s\"} 1\n", name, m->version);
}

static void add_reloads(const struct metrics *m, struct answer *a, const char *name)
{
	answer_add(a, "%s{result=\"done\"} %" PRIu64 "\n", name, m->reloads_done);
	answer_add(a, "%s{result=\"refused\"} %" PRIu64 "\n", name, m->reloads_refused);
}

static void add_loop(const struct metrics *m, struct answer *a, const char *name)
{
	uint64_t n = 0;

	for (int i = 0; i < DURATIONS; i++) {
		n += m->loop->n[i];
		answer_add(a, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, durations_bound[i] / 1e6,
			   n);
	}
	n += m->loop->n[DURATIONS];
	answer_add(a, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, n);
	answer_add(a, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, m->loop->sum / 1000000,
		   m->loop->sum % 1000000);
	answer_add(a, "%s_count %" PRIu64 "\n", name, n);
}

/* --- samples of one line -------------------------------------------------------------------- */

static uint64_t displaced(const struct metrics *m)
{
	struct pool_range r;
	uint64_t n = 0;

	for (size_t i = 0; i < m->pools; i++) {
		m->pool(m->arg, i, NULL, &r);
		n += r.displaced;
	}
	return n;
}

static uint64_t get_up(const struct metrics *m)
{
	(void)m;
	return 1;
}

static uint64_t get_start(const struct metrics *m)
{
	return (uint64_t)m->start;
}

static uint64_t get_sent(const struct metrics *m)
{
	return m->counters->answers;
}

static uint64_t get_suppressed(const struct metrics *m)
{
	return m->counters->suppressed;
}

static uint64_t get_failed(const struct metrics *m)
{
	return m->counters->write_failed;
}

static uint64_t get_errors(const struct metrics *m)
{
	return m->lease_errors;
}

static uint64_t get_age(const struct metrics *m)
{
	return (uint64_t)m->lease_age;
}

static uint64_t get_link(const struct metrics *m)
{
	return m->link_up;
}

static uint64_t get_active(const struct metrics *m)
{
	return m->fast_path;
}

static uint64_t get_draining(const struct metrics *m)
{
	return m->draining;
}

static uint64_t get_used(const struct pool_range *r)
{
	return r->used;
}

static uint64_t get_size(const struct pool_range *r)
{
	return r->size;
}

static uint64_t get_refused(const struct pool_range *r)
{
	return r->refused;
}

static uint64_t get_confirmed(const struct pool_range *r)
{
	return r->confirmed;
}

static uint64_t get_not_preferred(const struct pool_range *r)
{
	return r->not_preferred;
}

static uint64_t get_displaced(const struct pool_range *r)
{
	return r->displaced;
}

static uint64_t get_standby(const struct pool_range *r)
{
	return r->standby;
}

static uint64_t get_group_size(const struct pool_range *r)
{
	return r->group_size;
}

static uint64_t get_group_used(const struct pool_range *r)
{
	return r->group_used;
}

static uint64_t get_networks(const struct pool_range *r)
{
	return r->networks;
}

static uint64_t get_most_confirmed(const struct pool_range *r)
{
	return r->most_confirmed;
}

static uint64_t get_most_unconfirmed(const struct pool_range *r)
{
	return r->most_unconfirmed;
}

/* --- families ------------------------------------------------------------------------------- */

enum only {
	ALWAYS,
	WITH_POOLS,
	WITH_FILE
};

/* Exactly one of ADD, GET and OF_POOL is set; it produces the samples. */
static const struct family {
	const char *name, *type, *help;
	enum only only;
	void (*add)(const struct metrics *m, struct answer *a, const char *name);
	uint64_t (*get)(const struct metrics *m);
	uint64_t (*of_pool)(const struct pool_range *r);
} families[] = {
	{"nat64d_up", "gauge", "Whether nat64d answers.", .get = get_up},
	{"nat64d_build_info", "gauge", "Always 1, with the version as a label.", .add = add_build},
	{"nat64d_start_time_seconds", "gauge", "Unix time when nat64d began to translate.",
	 .get = get_start},
	{"nat64d_packets_total", "counter",
	 "Packets read, by direction and outcome; reason ok means translated.", .add = add_packets},
	{"nat64d_bytes_total", "counter", "Bytes read, by direction, IP headers included.",
	 .add = add_bytes},
	{"nat64d_fast_packets_total", "counter",
	 "Translated packets that the program in the kernel translated.", .add = add_fast},
	{"nat64d_icmp_sent_total", "counter",
	 "ICMP errors and echo replies that the translator sent.", .get = get_sent},
	{"nat64d_icmp_suppressed_total", "counter",
	 "ICMP errors not sent because of icmp-rate or icmp-errors.", .get = get_suppressed},
	{"nat64d_write_failed_total", "counter", "Packets that the device did not accept.",
	 .get = get_failed},
	{"nat64d_leases", "gauge", "Leased addresses.", WITH_POOLS, .of_pool = get_used},
	{"nat64d_leases_confirmed", "gauge",
	 "Leases whose host has sent again after it was sent a packet from IPv4.", WITH_POOLS,
	 .of_pool = get_confirmed},
	{"nat64d_leases_not_preferred", "gauge",
	 "Leases of an address other than the preferred address of the host.", WITH_POOLS,
	 .of_pool = get_not_preferred},
	{"nat64d_pool_size", "gauge", "Addresses that can be leased.", WITH_POOLS,
	 .of_pool = get_size},
	{"nat64d_pool_standby", "gauge",
	 "Whether the pool belongs to another translator, and gives no new leases here.",
	 WITH_POOLS, .of_pool = get_standby},
	{"nat64d_pool_group_size", "gauge",
	 "Addresses that can be leased in all pools for the same hosts.", WITH_POOLS,
	 .of_pool = get_group_size},
	{"nat64d_pool_group_leases", "gauge", "Leases in all pools for the same hosts.", WITH_POOLS,
	 .of_pool = get_group_used},
	{"nat64d_pool_networks", "gauge",
	 "Networks, usually /48s, with leases in all pools for the same hosts.", WITH_POOLS,
	 .of_pool = get_networks},
	{"nat64d_pool_network_confirmed", "gauge",
	 "Confirmed leases of the network that has the most of them.", WITH_POOLS,
	 .of_pool = get_most_confirmed},
	{"nat64d_pool_network_unconfirmed", "gauge",
	 "Unconfirmed leases of the network that has the most of them.", WITH_POOLS,
	 .of_pool = get_most_unconfirmed},
	{"nat64d_lease_refused_total", "counter",
	 "Packets of hosts that got no lease, by the pool of their preferred address.", WITH_POOLS,
	 .of_pool = get_refused},
	{"nat64d_leases_displaced_total", "counter",
	 "Leases that were ended to make room for new ones.", WITH_POOLS, .get = displaced},
	{"nat64d_pool_displaced_total", "counter",
	 "Leases that were ended, by the pool that needed the address.", WITH_POOLS,
	 .of_pool = get_displaced},
	{"nat64d_lease_file_errors_total", "counter",
	 "Failed attempts to write, sync or rewrite the lease file.", WITH_FILE, .get = get_errors},
	{"nat64d_lease_file_age_seconds", "gauge", "Seconds since the lease file was last written.",
	 WITH_FILE, .get = get_age},
	{"nat64d_reloads_total", "counter", "Reloads of the configuration, by result.",
	 .add = add_reloads},
	{"nat64d_loop_seconds", "histogram",
	 "Time from a wake-up until nat64d waits for packets again.", .add = add_loop},
	{"nat64d_link_up", "gauge", "Whether the link of the device is up.", .get = get_link},
	{"nat64d_fast_path_active", "gauge",
	 "Whether the program in the kernel translates packets, too.", .get = get_active},
	{"nat64d_draining", "gauge", "Whether new hosts get no lease.", .get = get_draining},
};

#define FAMILIES (sizeof(families) / sizeof(*families))

static void add_head(struct answer *a, const struct family *f, bool openmetrics)
{
	int len = (int)strlen(f->name);

	if (openmetrics && strcmp(f->type, "counter") == 0)
		len -= (int)strlen("_total");
	answer_add(a, "# HELP %.*s %s\n", len, f->name, f->help);
	answer_add(a, "# TYPE %.*s %s\n", len, f->name, f->type);
}

/* Adds samples of some pools, beginning with number I.  Returns the number of the next one. */
static size_t add_pools(const struct metrics *m, struct answer *a, const struct family *f, size_t i)
{
	size_t end = m->pools - i < POOLS ? m->pools : i + POOLS;
	char text[ADDR_TEXT];
	struct pool_range r;

	for (; i < end; i++) {
		m->pool(m->arg, i, text, &r);
		answer_add(a, "%s{pool=\"%s\"} %" PRIu64 "\n", f->name, text, f->of_pool(&r));
	}
	return i;
}

static bool is_left_out(const struct metrics *m, const struct family *f)
{
	return (f->only == WITH_POOLS && m->pools == 0) ||
	       (f->only == WITH_FILE && !m->keeps_leases);
}

/* The cursor is the number of the family plus FAMILIES times the number of the next pool. */
static size_t add_piece(const struct metrics *m, struct answer *a, size_t cursor)
{
	const struct family *f = &families[cursor % FAMILIES];
	size_t pool = cursor / FAMILIES;

	if (is_left_out(m, f))
		return cursor + 1;
	if (pool == 0)
		add_head(a, f, m->openmetrics);
	if (f->add) {
		f->add(m, a, f->name);
	} else if (f->get) {
		answer_add(a, "%s %" PRIu64 "\n", f->name, f->get(m));
	} else {
		pool = add_pools(m, a, f, pool < m->pools ? pool : m->pools);
		if (pool < m->pools)
			return pool * FAMILIES + cursor % FAMILIES;
	}
	return cursor % FAMILIES + 1;
}

bool metrics_add(const struct metrics *m, struct answer *a, size_t *cursor)
{
	size_t next = *cursor;

	while (a->len < SLICE) {
		next = add_piece(m, a, next);
		if (next == FAMILIES) {
			answer_add(a, METRICS_END);
			return false;
		}
		*cursor = next;
	}
	return true;
}

void metrics_down(struct answer *a, bool openmetrics)
{
	add_head(a, &families[0], openmetrics);
	answer_add(a, "%s 0\n" METRICS_END, families[0].name);
}
