/* pool_net - counts the leases of the networks of hosts.
 *
 * Each group has two trees: a root, its /48s, and their /64s.  A /48 is in the tree of known
 * networks while it has a confirmed lease, and otherwise in that of strangers.  A network exists
 * only while it has leases.  Networks of the last level have rings of leases, one per side, in the
 * order of last use; the others rank the networks inside them.
 *
 * A group has a maximum number of networks.  Beyond it, a new network counts as part of one of its
 * siblings (as in stochastic fair queueing: McKenney, 1990).  A keyed hash chooses the sibling, so
 * that the choice is usually stable and an attacker cannot influence it.  Deeper levels reach their
 * limit sooner, so that inventing /64s within one /48 takes nothing from other /48s. */
#include "pool_impl.h"

#include <stdlib.h>
#include <string.h>

#define FEW (POOL_NETWORKS / 32) /* networks for each group, unless it has fewer addresses */

static struct group *group_of(const struct pool *p, const struct net *net)
{
	return &p->group[net->group];
}

/* Hashes the prefix of a host at LEVEL of group G.  The parent is not needed: the prefix determines
 * it, except for networks that count as part of another. */
static uint64_t hash_prefix(const struct pool *p, uint32_t g, uint32_t level,
			    const struct ip6 *prefix)
{
	uint8_t key[20];

	memcpy(key, prefix, 16);
	key[16] = (uint8_t)(g >> 16);
	key[17] = (uint8_t)(g >> 8);
	key[18] = (uint8_t)g;
	key[19] = (uint8_t)level;
	return siphash(&p->key, key, sizeof(key));
}

/* A universal hash is sufficient: we choose both numbers ourselves. */
static uint32_t hash_number(const struct pool *p, uint32_t parent, uint32_t number)
{
	return (uint32_t)((p->addr_mul * parent + p->addr_add * number) >> 32);
}

static uint32_t *prefix_bucket(const struct pool *p, uint64_t hash)
{
	return &p->nets.bucket[BY_PREFIX][hash & p->nets.mask];
}

static uint32_t *number_bucket(const struct pool *p, uint32_t parent, uint32_t number)
{
	return &p->nets.bucket[BY_NUMBER][hash_number(p, parent, number) & p->nets.mask];
}

static void chain(struct pool *p, enum net_table by, uint32_t *bucket, uint32_t i)
{
	p->nets.net[i].chain[by] = *bucket;
	*bucket = i;
}

static void unchain(struct pool *p, enum net_table by, uint32_t *bucket, uint32_t i)
{
	while (*bucket != i)
		bucket = &p->nets.net[*bucket].chain[by];
	*bucket = p->nets.net[i].chain[by];
}

static bool is_net(const struct net *net, uint32_t parent, const struct net_key *key)
{
	return net->parent == parent && ip6_equal(&net->prefix, &key->prefix);
}

static uint32_t find_prefix(const struct pool *p, uint32_t parent, const struct net_key *key)
{
	uint32_t i = *prefix_bucket(p, key->hash);

	while (i != NONE && !is_net(&p->nets.net[i], parent, key))
		i = p->nets.net[i].chain[BY_PREFIX];
	return i;
}

static uint32_t find_number(const struct pool *p, uint32_t parent, uint32_t number)
{
	uint32_t i = *number_bucket(p, parent, number);

	while (i != NONE && (p->nets.net[i].parent != parent || p->nets.net[i].number != number))
		i = p->nets.net[i].chain[BY_NUMBER];
	return i;
}

/* Returns true if there are enough free networks for one more within PARENT and one on each level
 * below it. */
static bool may_grow(const struct pool *p, const struct net *parent)
{
	const struct group *g = group_of(p, parent);
	uint32_t most = g->most_nets - parent->level * (g->most_nets / 4);

	return g->nets + g->levels - parent->level <= most;
}

/* Returns a number below N that usually stays the same while N changes, as in linear hashing. */
static uint32_t one_of(uint32_t n, uint32_t hash)
{
	uint32_t mask = UINT32_MAX >> __builtin_clz(n);

	hash &= mask;
	return hash < n ? hash : hash & mask >> 1;
}

/* The keys depend only on the host, so that all tables can be prefetched at once. */
void pool_net_keys(const struct pool *p, const struct group *g, const struct ip6 *host,
		   struct net_key key[LEVELS])
{
	for (uint32_t level = 0; level < g->levels; level++) {
		struct net_key *k = &key[level];

		k->prefix = *host;
		addr_clean6(&k->prefix, g->length[level]);
		k->hash = hash_prefix(p, (uint32_t)(g - p->group), level, &k->prefix);
		__builtin_prefetch(prefix_bucket(p, k->hash));
	}
}

void pool_net_fetch(const struct pool *p, const struct group *g, const struct net_key key[LEVELS])
{
	for (uint32_t level = 0; level < g->levels; level++)
		__builtin_prefetch(&p->nets.net[*prefix_bucket(p, key[level].hash)]);
}

/* Returns the network within PARENT that counts a network of HASH, if there is no room for its own;
 * NONE if there is.  The first network within its parent always has room: may_grow() checked that
 * before the parent was made. */
static uint32_t join(const struct pool *p, uint32_t parent, uint64_t hash)
{
	const struct net *net = &p->nets.net[parent];

	if (net->children == 0 || may_grow(p, net))
		return NONE;
	return find_number(p, parent, one_of(net->children, (uint32_t)(hash >> 32)));
}

uint32_t pool_net_find(const struct pool *p, uint32_t parent, const struct net_key key[LEVELS])
{
	const struct net_key *k = &key[p->nets.net[parent].level];
	uint32_t i = find_prefix(p, parent, k);

	return i != NONE ? i : join(p, parent, k->hash);
}

/* Known networks and strangers are in the same chain. */
uint32_t pool_net_find_first(const struct pool *p, const struct group *g,
			     const struct net_key key[LEVELS])
{
	uint32_t known = pool_known(p, g), strangers = pool_strangers(p, g);
	uint32_t i = *prefix_bucket(p, key->hash);

	while (i != NONE && !is_net(&p->nets.net[i], known, key) &&
	       !is_net(&p->nets.net[i], strangers, key))
		i = p->nets.net[i].chain[BY_PREFIX];
	if (i == NONE)
		i = join(p, strangers, key->hash);
	return i != NONE ? i : join(p, known, key->hash);
}

static uint32_t unused_net(struct nets *n)
{
	uint32_t i = n->unused;

	if (i == NONE)
		return ++n->top;
	n->unused = n->net[i].chain[BY_PREFIX];
	return i;
}

static uint32_t new_net(struct pool *p, uint32_t parent, const struct net_key key[LEVELS])
{
	uint32_t i = unused_net(&p->nets);
	struct net *within = &p->nets.net[parent], *net = &p->nets.net[i];
	const struct net_key *k = &key[within->level];

	*net = (struct net){
		.prefix = k->prefix,
		.parent = parent,
		.group = within->group,
		.level = within->level + 1,
		.number = within->children++,
	};
	group_of(p, net)->nets++;
	chain(p, BY_PREFIX, prefix_bucket(p, k->hash), i);
	chain(p, BY_NUMBER, number_bucket(p, parent, net->number), i);
	return i;
}

/* Gives the number of network I, which is removed, to its last sibling. */
static void give_number(struct pool *p, uint32_t i)
{
	struct net *net = &p->nets.net[i], *parent = &p->nets.net[net->parent];
	uint32_t last = find_number(p, net->parent, --parent->children);

	unchain(p, BY_NUMBER, number_bucket(p, net->parent, net->number), i);
	if (last == i)
		return;
	unchain(p, BY_NUMBER, number_bucket(p, net->parent, parent->children), last);
	p->nets.net[last].number = net->number;
	chain(p, BY_NUMBER, number_bucket(p, net->parent, net->number), last);
}

static void drop_net(struct pool *p, uint32_t i)
{
	struct net *net = &p->nets.net[i];
	uint32_t above = net->level - 1;

	unchain(p, BY_PREFIX, prefix_bucket(p, hash_prefix(p, net->group, above, &net->prefix)), i);
	give_number(p, i);
	group_of(p, net)->nets--;
	net->chain[BY_PREFIX] = p->nets.unused;
	p->nets.unused = i;
}

/* Counts one more lease of SIDE in network I and all networks around it. */
static void count_one(struct pool *p, uint32_t i, enum side side)
{
	struct net *net = p->nets.net;

	for (; net[i].parent != NONE; i = net[i].parent)
		pool_rank_raise(&p->nets, &net[net[i].parent].side[side].top, i, side);
	net[i].side[side].count++;
}

static void discount_one(struct pool *p, uint32_t i, enum side side)
{
	struct net *net = p->nets.net;

	for (; net[i].parent != NONE; i = net[i].parent)
		pool_rank_lower(&p->nets, &net[net[i].parent].side[side].top, i, side);
	net[i].side[side].count--;
}

/* Moves network I of the first level, with all networks inside, under another root. */
static void move_net(struct pool *p, uint32_t i, uint32_t root)
{
	struct net *net = &p->nets.net[i], *from = &p->nets.net[net->parent];
	struct net *to = &p->nets.net[root];

	give_number(p, i);
	net->parent = root;
	net->number = to->children++;
	chain(p, BY_NUMBER, number_bucket(p, root, net->number), i);
	for (enum side side = UNCONFIRMED; side < SIDES; side++) {
		pool_rank_leave(&p->nets, &from->side[side].top, i, side);
		from->side[side].count -= net->side[side].count;
		pool_rank_enter(&p->nets, &to->side[side].top, i, side);
		to->side[side].count += net->side[side].count;
	}
}

/* Moves the network of the first level around network I to the known ones, or to the strangers, if
 * its state has changed. */
static void settle(struct pool *p, uint32_t i)
{
	const struct net *net = p->nets.net;
	uint32_t root;

	while (net[i].level > 1)
		i = net[i].parent;
	root = (net[i].side[CONFIRMED].count > 0 ? pool_known
						 : pool_strangers)(p, group_of(p, &net[i]));
	if (net[i].parent != root && pool_net_used(&net[i]) > 0)
		move_net(p, i, root);
}

void pool_net_enter(struct pool *p, const struct group *g, struct lease *l,
		    const struct net_key key[LEVELS])
{
	uint32_t at = pool_net_find_first(p, g, key);

	if (at == NONE)
		at = new_net(p, l->confirmed ? pool_known(p, g) : pool_strangers(p, g), key);
	for (unsigned level = 1; level < g->levels; level++) {
		uint32_t within = pool_net_find(p, at, key);

		at = within == NONE ? new_net(p, at, key) : within;
	}
	l->net = at;
	ring_append(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
	count_one(p, at, l->confirmed ? CONFIRMED : UNCONFIRMED);
	settle(p, at);
}

void pool_net_leave(struct pool *p, const struct lease *l)
{
	struct net *net = p->nets.net;
	uint32_t i = l->net, parent;

	ring_remove(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
	discount_one(p, i, l->confirmed ? CONFIRMED : UNCONFIRMED);
	settle(p, i);
	for (; (parent = net[i].parent) != NONE && pool_net_used(&net[i]) == 0; i = parent)
		drop_net(p, i);
}

void pool_net_confirm(struct pool *p, struct lease *l)
{
	ring_remove(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
	l->confirmed = true;
	ring_append(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
	count_one(p, l->net, CONFIRMED);
	discount_one(p, l->net, UNCONFIRMED);
	settle(p, l->net);
}

void pool_net_forget_order(struct pool *p)
{
	for (uint32_t i = 2 * p->groups + 1; i <= p->nets.top; i++) {
		struct net *net = &p->nets.net[i];

		if (net->level == group_of(p, net)->levels)
			net->side[UNCONFIRMED].newest = net->side[CONFIRMED].newest = NONE;
	}
}

void pool_net_line_up(struct pool *p, struct lease *l)
{
	ring_append(p->lease, IN_NET, &pool_side_of(p, l)->newest, l);
}

/* Returns the number of slots whose ranges do not stand by. */
static uint64_t count_own(const struct pool *p)
{
	uint64_t n = 0;

	for (uint32_t g = 0; g < p->groups; g++)
		n += p->group[g].standby ? 0 : p->group[g].slots;
	return n;
}

/* Sets the maximum number of networks: of OWN slots, large groups get most of them, and a group
 * with few addresses gets as many as it can use.  Groups that stand by take nothing from others. */
static void set_most(struct group *g, uint64_t own)
{
	uint64_t all = (uint64_t)g->slots * g->levels;
	uint64_t most = g->standby ? FEW : (uint64_t)POOL_NETWORKS * g->slots / own;

	most = most < FEW ? FEW : most;
	most = most < all ? most : all;
	g->most_nets = (uint32_t)(most < LEVELS ? LEVELS : most);
}

static void make_roots(struct pool *p)
{
	for (uint32_t g = 0; g < p->groups; g++) {
		const struct group *group = &p->group[g];
		struct net root = {.prefix = group->from.addr, .group = g & 0xffffff};

		p->nets.net[pool_known(p, group)] = p->nets.net[pool_strangers(p, group)] = root;
	}
	p->nets.top = 2 * p->groups;
}

static bool get_tables(struct nets *n, size_t most)
{
	size_t buckets = 1;

	while (buckets < most)
		buckets *= 2;
	n->mask = (uint32_t)buckets - 1;
	for (int by = 0; by < NET_TABLES; by++)
		n->bucket[by] = calloc(buckets, sizeof(*n->bucket[by]));
	return n->bucket[BY_PREFIX] && n->bucket[BY_NUMBER];
}

/* Each network is on one rung per side; one more rung is in use while a network moves. */
bool pool_get_nets(struct pool *p)
{
	uint64_t own = count_own(p);
	size_t most = 0;

	for (uint32_t g = 0; g < p->groups; g++) {
		set_most(&p->group[g], own);
		most += p->group[g].most_nets;
	}
	p->nets.net = calloc(1 + 2 * p->groups + most, sizeof(*p->nets.net));
	p->nets.rung = calloc(SIDES * most + 2, sizeof(*p->nets.rung));
	if (!p->nets.net || !p->nets.rung || !get_tables(&p->nets, most))
		return false;
	make_roots(p);
	return true;
}

void pool_free_nets(struct pool *p)
{
	for (int by = 0; by < NET_TABLES; by++)
		free(p->nets.bucket[by]);
	free(p->nets.net);
	free(p->nets.rung);
}

struct pool_division pool_net_division(const struct pool *p, uint32_t i)
{
	const struct net *net = &p->nets.net[i];
	const struct group *g = group_of(p, net);

	if (net->level > 0)
		return (struct pool_division){pool_net_used(net), net->children};
	return (struct pool_division){pool_group_size(g), p->nets.net[pool_known(p, g)].children +
								  (i == pool_strangers(p, g))};
}

static void tell(const struct pool *p, const struct net *net, struct pool_network *out)
{
	const struct group *g = group_of(p, net);
	const struct net *parent = &p->nets.net[net->parent];
	struct pool_division d = pool_net_division(p, net->parent);
	uint32_t share = d.size / d.count, networks = parent->children;

	if (parent->level == 0)
		networks = p->nets.net[pool_known(p, g)].children +
			   p->nets.net[pool_strangers(p, g)].children;

	*out = (struct pool_network){
		.prefix = {net->prefix, g->length[parent->level]},
		.range = g->range,
		.used = pool_net_used(net),
		.confirmed = net->side[CONFIRMED].count,
		.networks = networks,
		.share = share > 0 ? share : 1,
	};
}

bool pool_network(const struct pool *p, size_t *cursor, struct pool_network *out)
{
	while (*cursor < p->nets.top - 2 * p->groups) {
		const struct net *net = &p->nets.net[2 * p->groups + ++*cursor];

		if (pool_net_used(net) > 0 && !group_of(p, net)->standby) {
			tell(p, net, out);
			return true;
		}
	}
	return false;
}
