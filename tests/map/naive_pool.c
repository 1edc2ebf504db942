/* naive_pool - implements the rules in the pool's contracts without its tables. */
#include "map/naive_pool.h"

#include <string.h>

#define FEW (POOL_NETWORKS / 32)

/* Parents of networks of the first level: known ones and strangers. */
#define KNOWN     (-1)
#define STRANGERS (-2)
#define ALL       (-1) /* instead of a network: the whole group */

static const struct pool_conf *conf_of(const struct naive *m, int group)
{
	return &m->conf[group];
}

static uint32_t addresses(const struct pool_conf *c)
{
	return 1u << (32 - c->range.len);
}

int naive_group_of_range(const struct naive *m, size_t i)
{
	size_t k = 0;

	while (!prefix6_equal(&m->conf[k].from, &m->conf[i].from) ||
	       m->conf[k].standby != m->conf[i].standby)
		k++;
	return (int)k;
}

void naive_init(struct naive *m, const struct pool_conf *conf, size_t n,
		const struct siphash_key *key)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->conf, conf, n * sizeof(*conf));
	m->confs = n;
	m->key = *key;
	for (size_t i = 0; i < n; i++)
		m->reserved[i][0] = true;
}

int naive_range(const struct naive *m, uint32_t addr)
{
	for (size_t i = 0; i < m->confs; i++)
		if (addr_in4(addr, &m->conf[i].range))
			return (int)i;
	return -1;
}

int naive_group(const struct naive *m, const struct ip6 *host)
{
	int best = -1;

	for (size_t i = 0; i < m->confs; i++)
		if (!m->conf[i].standby && addr_in6(host, &m->conf[i].from) &&
		    (best < 0 || m->conf[i].from.len > m->conf[best].from.len))
			best = (int)i;
	return best;
}

bool naive_reserved(const struct naive *m, uint32_t addr)
{
	int i = naive_range(m, addr);

	return i < 0 || m->reserved[i][addr - m->conf[i].range.addr];
}

/* Counts addresses in all ranges of GROUP, with or without reserved ones. */
static size_t count_addresses(const struct naive *m, int group, bool reserved)
{
	size_t n = 0;

	for (size_t i = 0; i < m->confs; i++)
		for (uint32_t a = 0; a < addresses(&m->conf[i]); a++)
			n += naive_group_of_range(m, i) == group &&
			     (reserved || !m->reserved[i][a]);
	return n;
}

size_t naive_size(const struct naive *m, int group)
{
	return count_addresses(m, group, false);
}

struct naive_lease *naive_at(struct naive *m, uint32_t addr)
{
	for (int i = 0; i < NAIVE_HOSTS; i++)
		if (m->lease[i].live && m->lease[i].addr == addr)
			return &m->lease[i];
	return NULL;
}

static bool holds(const struct naive *m, int group, int i, const struct naive_lease *l)
{
	int at = l->net;

	if (i == ALL)
		return l->live && m->net[at].group == group;
	if (!l->live || m->net[at].group != group)
		return false;
	while (at >= 0 && at != i)
		at = m->net[at].parent;
	return at == i;
}

static size_t count(const struct naive *m, int group, int net, int side)
{
	size_t n = 0;

	for (int i = 0; i < NAIVE_HOSTS; i++)
		n += holds(m, group, net, &m->lease[i]) && m->lease[i].confirmed == side;
	return n;
}

size_t naive_held(const struct naive *m, int group, int i, bool confirmed)
{
	return count(m, group, i, 1) + (confirmed ? 0 : count(m, group, i, 0));
}

static size_t children(const struct naive *m, int group, int parent)
{
	size_t n = 0;

	for (int i = 0; i < NAIVE_NETS; i++)
		n += m->net[i].live && m->net[i].group == group && m->net[i].parent == parent;
	return n;
}

size_t naive_siblings(const struct naive *m, int i)
{
	int group = m->net[i].group;

	if (m->net[i].level == 0)
		return children(m, group, KNOWN) + children(m, group, STRANGERS);
	return children(m, group, m->net[i].parent);
}

size_t naive_share(const struct naive *m, int i)
{
	int group = m->net[i].group, parent = m->net[i].parent;
	size_t share;

	if (parent >= 0)
		share = naive_held(m, group, parent, false) / children(m, group, parent);
	else
		share = naive_size(m, group) / (children(m, group, KNOWN) + (parent == STRANGERS));
	return share > 0 ? share : 1;
}

/* --- the networks of a host --- */

/* Stores the lengths of the networks of GROUP; returns how many there are. */
static int levels(const struct naive *m, int group, uint8_t len[3])
{
	const struct pool_conf *c = conf_of(m, group);
	int n = 0;

	bool shares = c->share && !c->standby;

	if (!shares || c->share_len > 48)
		len[n++] = 48;
	if (!shares || c->share_len > 64)
		len[n++] = 64;
	if (shares)
		len[n++] = c->share_len;
	return n;
}

static size_t most_nets(const struct naive *m, int group)
{
	uint8_t len[3];
	size_t slots = count_addresses(m, group, true), all = 0, most;

	for (size_t i = 0; i < m->confs; i++)
		all += m->conf[i].standby ? 0 : addresses(&m->conf[i]);
	most = conf_of(m, group)->standby ? FEW : POOL_NETWORKS * slots / all;
	most = most < FEW ? FEW : most;
	if (most > slots * (size_t)levels(m, group, len))
		most = slots * (size_t)levels(m, group, len);
	return most < 3 ? 3 : most;
}

static bool may_grow(const struct naive *m, int group, int level)
{
	uint8_t len[3];
	size_t most = most_nets(m, group), n = 0;

	for (int i = 0; i < NAIVE_NETS; i++)
		n += m->net[i].live && m->net[i].group == group;
	return n + (size_t)(levels(m, group, len) - level) <= most - (size_t)level * (most / 4);
}

/* The group's number in the pool: in the order of first appearance. */
static unsigned group_number(const struct naive *m, int group)
{
	unsigned n = 0;

	for (int i = 0; i < group; i++)
		n += naive_group_of_range(m, (size_t)i) == i;
	return n;
}

static uint32_t one_of(uint32_t n, uint32_t hash)
{
	uint32_t size = 1;

	while (size < n)
		size *= 2;
	return hash % size < n ? hash % size : hash % (size / 2);
}

/* If no more networks can be counted separately, returns the sibling that counts PREFIX. */
static unsigned joined(const struct naive *m, int group, int level, const struct ip6 *prefix,
		       size_t siblings)
{
	uint8_t key[20] = {[17] = 0, (uint8_t)group_number(m, group), (uint8_t)level};

	memcpy(key, prefix, 16);
	return one_of((uint32_t)siblings, (uint32_t)(siphash(&m->key, key, sizeof(key)) >> 32));
}

static int find_own(const struct naive *m, int group, int parent, const struct ip6 *prefix)
{
	for (int i = 0; i < NAIVE_NETS; i++)
		if (m->net[i].live && m->net[i].group == group && m->net[i].parent == parent &&
		    ip6_equal(&m->net[i].prefix, prefix))
			return i;
	return -1;
}

static int join(const struct naive *m, int group, int level, int parent, struct ip6 prefix)
{
	size_t siblings = children(m, group, parent);

	if (siblings == 0 || may_grow(m, group, level))
		return -1;
	for (int i = 0; i < NAIVE_NETS; i++)
		if (m->net[i].live && m->net[i].group == group && m->net[i].parent == parent &&
		    m->net[i].number == joined(m, group, level, &prefix, siblings))
			return i;
	return -1;
}

/* Returns the network of HOST within PARENT, or -1 if it is new. */
static int find_net(const struct naive *m, int group, int level, int parent, const struct ip6 *host)
{
	struct ip6 prefix = *host;
	uint8_t len[3];
	int i;

	levels(m, group, len);
	addr_clean6(&prefix, len[level]);
	i = find_own(m, group, parent, &prefix);
	if (i < 0 && level == 0)
		i = find_own(m, group, STRANGERS, &prefix);
	if (i < 0 && level == 0)
		i = join(m, group, level, STRANGERS, prefix);
	return i < 0 ? join(m, group, level, parent, prefix) : i;
}

static int make_net(struct naive *m, int group, int level, int parent, const struct ip6 *host)
{
	unsigned number = (unsigned)children(m, group, parent);
	uint8_t len[3];
	int i = 0;

	levels(m, group, len);
	while (m->net[i].live)
		i++;
	m->net[i] = (struct naive_net){.live = true,
				       .prefix = *host,
				       .len = len[level],
				       .group = group,
				       .level = level,
				       .parent = parent,
				       .number = number};
	addr_clean6(&m->net[i].prefix, len[level]);
	return i;
}

/* --- which lease ends --- */

/* Returns the longest idle lease of network NET on SIDE. */
static struct naive_lease *oldest(struct naive *m, int group, int net, int side)
{
	struct naive_lease *best = NULL;

	for (int i = 0; i < NAIVE_HOSTS; i++) {
		struct naive_lease *l = &m->lease[i];

		if (holds(m, group, net, l) && l->confirmed == side &&
		    (!best || l->stamp < best->stamp))
			best = l;
	}
	return best;
}

static struct naive_lease *older(struct naive_lease *a, struct naive_lease *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->stamp < b->stamp ? a : b;
}

/* Returns the longer idle one of an unconfirmed and a confirmed lease. */
static struct naive_lease *longer_idle(struct naive_lease *a, struct naive_lease *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->last < b->last ? a : b;
}

struct naive_lease *naive_oldest(struct naive *m, int group)
{
	return older(oldest(m, group, -1, 0), oldest(m, group, -1, 1));
}

/* Returns the network within PARENT with the most leases of SIDE, the first that reached this
 * number; -1 if none has any. */
static int largest(const struct naive *m, int group, int parent, int side)
{
	size_t most = 0;
	int best = -1;

	for (int i = 0; i < NAIVE_NETS; i++) {
		const struct naive_net *n = &m->net[i];
		size_t here;

		if (!n->live || n->group != group || n->parent != parent)
			continue;
		here = count(m, group, i, side);
		if (here > most ||
		    (here > 0 && here == most && n->came[side] < m->net[best].came[side])) {
			most = here;
			best = i;
		}
	}
	return best;
}

static struct naive_lease *in_largest(struct naive *m, int group, int net, int side)
{
	int within;

	while ((within = largest(m, group, net, side)) >= 0)
		net = within;
	return oldest(m, group, net, side);
}

static bool is_late(const struct naive_lease *l, int32_t now)
{
	return l->since == POOL_UNKNOWN || (int64_t)now - l->since > 4;
}

/* Returns the longest idle lease of the largest network within PARENT, if it was idle for a minute
 * and that network has more than HELD + 1 leases. */
static struct naive_lease *spare(struct naive *m, int group, int parent, size_t held, int32_t now)
{
	int net = largest(m, group, parent, 1);
	struct naive_lease *l;

	if (net < 0 || naive_held(m, group, net, false) <= held + 1)
		return NULL;
	l = in_largest(m, group, net, 1);
	return (int64_t)now - l->last >= 60 ? l : NULL;
}

/* Returns the unconfirmed lease that ends first for a host with networks PATH.  *OWN: it is in the
 * same network at the last of COUNT levels. */
static struct naive_lease *unconfirmed(struct naive *m, int group, const int path[4], int levels,
				       bool *own)
{
	int level = 0, known = largest(m, group, KNOWN, 0);
	size_t most = known < 0 ? 0 : count(m, group, known, 0);
	size_t strange = count(m, group, STRANGERS, 0);

	*own = false;
	if (strange < most) {
		if (known != path[1])
			return in_largest(m, group, known, 0);
		level = 1;
	} else if (path[0] != STRANGERS) {
		return strange ? in_largest(m, group, STRANGERS, 0) : NULL;
	}
	for (; level < levels; level++) {
		int net = largest(m, group, path[level], 0);

		if (net < 0)
			return NULL;
		if (net != path[level + 1])
			return in_largest(m, group, net, 0);
	}
	*own = true;
	return oldest(m, group, path[levels], 0);
}

bool naive_room(struct naive *m, unsigned n, int32_t now, struct naive_lease **ends)
{
	const struct ip6 *host = &m->lease[n].host;
	int group = naive_group(m, host), path[4] = {KNOWN, -1, -1, -1}, last, level;
	size_t used = naive_held(m, group, ALL, false), size = naive_size(m, group), held[4] = {0};
	const struct pool_conf *c = conf_of(m, group);
	bool below[3], full_of_own, own;
	struct naive_lease *l, *late;
	uint8_t len[3];

	last = levels(m, group, len);
	for (level = 0; level < last; level++) {
		int within = level > 0 && path[level] < 0
				     ? -1
				     : find_net(m, group, level, path[level], host);

		if (level == 0)
			path[0] = within < 0 ? STRANGERS : m->net[within].parent;
		path[level + 1] = within;
		held[level] = within < 0 ? 0 : naive_held(m, group, within, false);
		if (level == 0)
			below[level] =
				held[level] * (children(m, group, KNOWN) + (path[0] == STRANGERS)) <
				size;
		else
			below[level] =
				path[level] < 0 ||
				held[level] * children(m, group, path[level]) < held[level - 1];
	}
	*ends = NULL;
	if (path[last] >= 0 && c->share && held[last - 1] >= c->share) {
		*ends = longer_idle(oldest(m, group, path[last], 0),
				    oldest(m, group, path[last], 1));
		return true;
	}
	if (used < size)
		return true;
	if (path[0] == STRANGERS)
		full_of_own = count(m, group, STRANGERS, 0) > size / 16 + 7;
	else
		full_of_own = !below[0] && count(m, group, path[1], 0) > held[0] / 16;
	l = naive_oldest(m, group);
	if (l && (int64_t)now - l->last > c->guarantee && !full_of_own) {
		*ends = l;
		return true;
	}
	late = unconfirmed(m, group, path, last, &own);
	if (late && is_late(late, now)) {
		*ends = late;
		return true;
	}
	for (level = 0; count(m, group, ALL, 0) < size / 64 + 4 && level < last; level++)
		if (below[level]) {
			*ends = spare(m, group, level ? path[level] : KNOWN, held[level], now);
			break;
		}
	if (!*ends && !own)
		*ends = late;
	return *ends;
}

/* --- events --- */

static void change(struct naive *m, int net, int side)
{
	for (; net >= 0; net = m->net[net].parent)
		m->net[net].came[side] = ++m->turn;
}

/* The last sibling takes over the number of NET. */
static void give_number(struct naive *m, int net)
{
	struct naive_net *n = &m->net[net];
	unsigned last = (unsigned)children(m, n->group, n->parent) - 1;

	for (int i = 0; i < NAIVE_NETS; i++)
		if (m->net[i].live && m->net[i].group == n->group &&
		    m->net[i].parent == n->parent && m->net[i].number == last)
			m->net[i].number = n->number;
}

/* A network of the first level is known while it has a confirmed lease. */
static void settle(struct naive *m, int net)
{
	int group = m->net[net].group, parent;

	while (m->net[net].parent >= 0)
		net = m->net[net].parent;
	parent = count(m, group, net, 1) > 0 ? KNOWN : STRANGERS;
	if (parent == m->net[net].parent || naive_held(m, group, net, false) == 0)
		return;
	give_number(m, net);
	m->net[net].number = (unsigned)children(m, group, parent);
	m->net[net].parent = parent;
	m->net[net].came[0] = ++m->turn;
	m->net[net].came[1] = ++m->turn;
}

void naive_begin(struct naive *m, unsigned n, uint32_t addr, int32_t last, int32_t since)
{
	struct naive_lease *l = &m->lease[n];
	int group = naive_group_of_range(m, (size_t)naive_range(m, addr)), at = KNOWN;
	uint8_t len[3];

	for (int level = 0; level < levels(m, group, len); level++) {
		int within = find_net(m, group, level, at, &l->host);

		if (level == 0 && within < 0)
			at = STRANGERS;
		at = within < 0 ? make_net(m, group, level, at, &l->host) : within;
	}
	*l = (struct naive_lease){.host = l->host,
				  .addr = addr,
				  .last = last,
				  .since = since,
				  .stamp = ++m->turn,
				  .live = true,
				  .net = at};
	change(m, at, 0);
}

static void drop_net(struct naive *m, int net)
{
	give_number(m, net);
	m->net[net].live = false;
}

void naive_end(struct naive *m, struct naive_lease *l)
{
	int parent;

	change(m, l->net, l->confirmed);
	l->live = false;
	settle(m, l->net);
	for (int i = l->net; i >= 0; i = parent) {
		parent = m->net[i].parent;
		if (naive_held(m, m->net[i].group, i, false) == 0)
			drop_net(m, i);
	}
}

void naive_send(struct naive *m, struct naive_lease *l, int32_t now)
{
	bool confirms = l->answered && !l->confirmed;

	if (confirms) {
		change(m, l->net, 0);
		change(m, l->net, 1);
		l->confirmed = true;
		settle(m, l->net);
	}
	if (!confirms && l->last == now)
		return;
	l->last = now;
	l->stamp = ++m->turn;
}

/* Leases with equal times keep their order. */
void naive_sort(struct naive *m)
{
	struct naive_lease *next;
	uint64_t stamp[NAIVE_HOSTS] = {0};

	do {
		next = NULL;
		for (int i = 0; i < NAIVE_HOSTS; i++) {
			struct naive_lease *l = &m->lease[i];

			if (l->live && !stamp[i] &&
			    (!next || l->last < next->last ||
			     (l->last == next->last && l->stamp < next->stamp)))
				next = l;
		}
		if (next)
			stamp[next - m->lease] = ++m->turn;
	} while (next);
	for (int i = 0; i < NAIVE_HOSTS; i++)
		m->lease[i].stamp = stamp[i];
}
