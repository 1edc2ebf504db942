/* netlink_linux_addr - requests that add and remove addresses and routes, and parsers of the
 * kernel's lists of them. */
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_linux.h"
#include "netlink_linux_msg.h"

static void msg_addr(struct netlink_msg *m, uint16_t type, const struct prefix *a)
{
	uint8_t v4[4];

	put32(v4, a->addr4);
	if (a->family == 4)
		netlink_put(m, type, v4, sizeof(v4));
	else
		netlink_put(m, type, a->addr6.b, sizeof(a->addr6.b));
}

static uint8_t family_of(const struct prefix *a)
{
	return a->family == 4 ? AF_INET : AF_INET6;
}

static int change_addr(struct netlink *nl, uint16_t type, unsigned flags, unsigned index,
		       const struct prefix *a)
{
	struct ifaddrmsg addr = {
		.ifa_family = family_of(a), .ifa_prefixlen = a->len, .ifa_index = index};
	struct netlink_msg m;

	netlink_begin(&m, type, flags, &addr, sizeof(addr));
	msg_addr(&m, IFA_LOCAL, a);
	msg_addr(&m, IFA_ADDRESS, a);
	return netlink_tell(nl, &m);
}

int netlink_addr_add(struct netlink *nl, unsigned index, const struct prefix *a)
{
	return change_addr(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, a);
}

int netlink_addr_del(struct netlink *nl, unsigned index, const struct prefix *a)
{
	return change_addr(nl, RTM_DELADDR, 0, index, a);
}

static int change_route(struct netlink *nl, uint16_t type, unsigned flags, unsigned index,
			const struct prefix *r)
{
	struct rtmsg route = {
		.rtm_family = family_of(r),
		.rtm_dst_len = r->len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = r->family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	uint32_t out = index;
	struct netlink_msg m;

	netlink_begin(&m, type, flags, &route, sizeof(route));
	if (r->len > 0)
		msg_addr(&m, RTA_DST, r);
	netlink_put(&m, RTA_OIF, &out, sizeof(out));
	return netlink_tell(nl, &m);
}

int netlink_route_add(struct netlink *nl, unsigned index, const struct prefix *r)
{
	return change_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index, r);
}

int netlink_route_del(struct netlink *nl, unsigned index, const struct prefix *r)
{
	return change_route(nl, RTM_DELROUTE, 0, index, r);
}

/* Requests the route that the kernel would use for R's address.  Its attributes are in REPLY. */
static int get_route(struct netlink *nl, const struct prefix *r, uint8_t *reply,
		     struct rtmsg *route, struct span *attrs)
{
	struct rtmsg asked = {.rtm_family = family_of(r),
			      .rtm_dst_len = r->family == 4 ? 32 : 128,
			      .rtm_flags = RTM_F_FIB_MATCH};
	const void *head;
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETROUTE, 0, &asked, sizeof(asked));
	msg_addr(&m, RTA_DST, r);
	if (netlink_ask(nl, &m, reply, attrs) < 0)
		return -1;
	head = span_take(attrs, sizeof(*route));
	if (!head)
		return -1;
	memcpy(route, head, sizeof(*route));
	return 0;
}

unsigned netlink_route_way(struct netlink *nl, const struct prefix *r)
{
	uint8_t reply[NETLINK_REPLY];
	struct rtmsg route;
	struct span attrs;

	if (get_route(nl, r, reply, &route, &attrs) < 0 || route.rtm_type != RTN_UNICAST)
		return 0;
	return netlink_attr_u32(attrs, RTA_OIF);
}

unsigned netlink_route_index(struct netlink *nl, const struct prefix *r)
{
	uint8_t reply[NETLINK_REPLY];
	struct rtmsg route;
	struct span attrs;

	if (get_route(nl, r, reply, &route, &attrs) < 0 || route.rtm_dst_len != r->len)
		return 0;
	return netlink_attr_u32(attrs, RTA_OIF);
}

static void clean(struct prefix *a)
{
	if (a->family == 4)
		a->addr4 &= addr_mask4(a->len);
	else
		addr_clean6(&a->addr6, a->len);
}

/* A default route without a gateway, as for a tunnel, is not a network, since it contains
 * everything. */
unsigned netlink_route_network(struct netlink *nl, const struct prefix *r, struct prefix *net)
{
	uint8_t reply[NETLINK_REPLY];
	struct rtmsg route;
	struct span attrs;

	if (get_route(nl, r, reply, &route, &attrs) < 0 || route.rtm_type != RTN_UNICAST ||
	    (route.rtm_protocol != RTPROT_KERNEL && route.rtm_protocol != RTPROT_RA) ||
	    route.rtm_dst_len == 0 || route.rtm_dst_len > r->len ||
	    netlink_attr(attrs, RTA_GATEWAY).p)
		return 0;
	*net = *r;
	net->len = route.rtm_dst_len;
	clean(net);
	return netlink_attr_u32(attrs, RTA_OIF);
}

static bool read_addr(struct span value, uint8_t family, struct prefix *out)
{
	memset(out, 0, sizeof(*out));
	out->family = family == AF_INET ? 4 : 6;
	out->len = family == AF_INET ? 32 : 128;
	if (value.len < out->len / 8u)
		return false;
	if (out->family == 4)
		out->addr4 = get32(value.p);
	else
		memcpy(out->addr6.b, value.p, sizeof(out->addr6.b));
	return true;
}

/* The receiver of the entries of a dump. */
struct listing {
	netlink_each *each;
	void *arg;
	unsigned via; /* for routes: the interface */
};

/* IFA_LOCAL is the address itself.  IFA_ADDRESS is the peer's address, if there is one. */
static void take_addr(void *arg, struct span body)
{
	const struct listing *l = arg;
	const void *head = span_take(&body, sizeof(struct ifaddrmsg));
	struct prefix addr, net;
	struct ifaddrmsg msg;
	struct span local, address;

	if (!head)
		return;
	memcpy(&msg, head, sizeof(msg));
	if (msg.ifa_family != AF_INET && msg.ifa_family != AF_INET6)
		return;
	address = netlink_attr(body, IFA_ADDRESS);
	local = netlink_attr(body, IFA_LOCAL);
	if (!read_addr(local.p ? local : address, msg.ifa_family, &addr) ||
	    !read_addr(address.p ? address : local, msg.ifa_family, &net) ||
	    msg.ifa_prefixlen > net.len)
		return;
	net.len = msg.ifa_prefixlen;
	clean(&net);
	l->each(l->arg, msg.ifa_index, &addr, &net);
}

static void take_route(void *arg, struct span body)
{
	const struct listing *l = arg;
	const void *head = span_take(&body, sizeof(struct rtmsg));
	struct prefix dst = {.family = 4};
	struct rtmsg route;
	struct span value;

	if (!head)
		return;
	memcpy(&route, head, sizeof(route));
	value = netlink_attr(body, RTA_DST);
	if (route.rtm_table != RT_TABLE_MAIN || route.rtm_protocol != RTPROT_STATIC ||
	    route.rtm_type != RTN_UNICAST || netlink_attr_u32(body, RTA_OIF) != l->via)
		return;
	if (value.p && !read_addr(value, route.rtm_family, &dst))
		return;
	dst.family = route.rtm_family == AF_INET ? 4 : 6;
	dst.len = route.rtm_dst_len;
	l->each(l->arg, l->via, &dst, &dst);
}

int netlink_addrs(struct netlink *nl, netlink_each *each, void *arg)
{
	struct ifaddrmsg asked = {.ifa_family = AF_UNSPEC};
	struct listing l = {each, arg, 0};
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETADDR, NLM_F_DUMP, &asked, sizeof(asked));
	return netlink_dump(nl, &m, RTM_NEWADDR, take_addr, &l);
}

int netlink_routes(struct netlink *nl, unsigned index, netlink_each *each, void *arg)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct listing l = {each, arg, index};
	int rc = 0;

	for (size_t i = 0; i < sizeof(families); i++) {
		struct rtmsg asked = {.rtm_family = families[i]};
		struct netlink_msg m;

		netlink_begin(&m, RTM_GETROUTE, NLM_F_DUMP, &asked, sizeof(asked));
		if (netlink_dump(nl, &m, RTM_NEWROUTE, take_route, &l) < 0)
			rc = -1;
	}
	return rc;
}
