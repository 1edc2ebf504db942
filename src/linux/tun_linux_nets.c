/* tun_linux_nets - computes networks from the addresses of links, and searches them. */
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/lpm.h"
#include "tun_linux_nets.h"
#include "lib/wire.h"

struct place {
	unsigned index;
	struct prefix addr, net;
};

struct tun_nets {
	unsigned own;
	struct place *at;
	size_t n;
	bool broken;         /* there was no memory */
	struct lpm *v4, *v6; /* index in AT of the smallest network for each address */
};

static void add_place(void *arg, unsigned index, const struct prefix *addr,
		      const struct prefix *net)
{
	struct tun_nets *n = arg;

	struct place *bigger = array_grow(n->at, n->n, sizeof(*bigger));

	if (!bigger) {
		n->broken = true;
		return;
	}
	n->at = bigger;
	n->at[n->n++] = (struct place){index, *addr, *net};
}

static const uint8_t *key_of(const struct prefix *a, uint8_t four[4])
{
	if (a->family == 6)
		return a->addr6.b;
	put32(four, a->addr4);
	return four;
}

/* An address with the full length is not a network, unless it has a peer, as on a point-to-point
 * link. */
static bool is_network(const struct place *p)
{
	bool alone = p->net.len == (p->net.family == 4 ? 32 : 128);

	return !alone || p->net.addr4 != p->addr.addr4 || !ip6_equal(&p->net.addr6, &p->addr.addr6);
}

static int index_networks(struct tun_nets *n)
{
	n->v4 = lpm_new(32);
	n->v6 = lpm_new(128);
	if (!n->v4 || !n->v6)
		return -1;
	for (size_t i = 0; i < n->n; i++) {
		const struct place *p = &n->at[i];
		uint8_t four[4];

		if (p->index != n->own && is_network(p))
			lpm_add(p->net.family == 4 ? n->v4 : n->v6, key_of(&p->net, four),
				p->net.len, (uint32_t)i);
	}
	return lpm_seal(n->v4) < 0 || lpm_seal(n->v6) < 0 ? -1 : 0;
}

struct tun_nets *tun_nets_read(struct netlink *nl, unsigned own)
{
	struct tun_nets *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->own = own;
	if (netlink_addrs(nl, add_place, n) == 0 && !n->broken && index_networks(n) == 0)
		return n;
	tun_nets_free(n);
	return NULL;
}

void tun_nets_free(struct tun_nets *n)
{
	if (!n)
		return;
	lpm_free(n->v4);
	lpm_free(n->v6);
	free(n->at);
	free(n);
}

unsigned tun_nets_find(const struct tun_nets *n, const struct prefix *r, struct prefix *net)
{
	uint8_t four[4];
	uint32_t i = lpm_find_shorter(r->family == 4 ? n->v4 : n->v6, key_of(r, four), r->len + 1u);

	if (i == LPM_NONE)
		return 0;
	*net = n->at[i].net;
	return n->at[i].index;
}

unsigned tun_nets_owner(const struct tun_nets *n, const struct prefix *net, struct prefix *addr)
{
	for (size_t i = 0; i < n->n; i++) {
		if (!addr_covers(net, &n->at[i].addr))
			continue;
		*addr = n->at[i].addr;
		return n->at[i].index;
	}
	return 0;
}
