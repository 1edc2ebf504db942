/* netlink - decides what the kernel is asked and told, and what its answers mean [rtnetlink(7)]. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "netlink_linux.h"
#include "netlink_linux_msg.h"
#include "lib/wire.h"

#define REPLY_SIZE 32768

int netlink_open(struct netlink *nl)
{
	struct timeval patience = {.tv_sec = 5};
	int one = 1;

	nl->seq = 0;
	nl->why[0] = '\0';
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (nl->fd < 0)
		return -1;
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* both only make messages better; old kernels do without */
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

int netlink_monitor_open(unsigned groups)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int err;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void follow(struct span msg, unsigned index, bool *up, struct netlink_past *past)
{
	const void *head = span_take(&msg, sizeof(struct nlmsghdr));
	const void *body = span_take(&msg, sizeof(struct ifinfomsg));
	struct nlmsghdr nh;
	struct ifinfomsg link;
	uint32_t mtu;

	if (!head || !body)
		return;
	memcpy(&nh, head, sizeof(nh));
	memcpy(&link, body, sizeof(link));
	if (nh.nlmsg_type != RTM_NEWLINK || (unsigned)link.ifi_index != index)
		return;
	mtu = netlink_attr_u32(msg, IFLA_MTU);
	past->fell |= *up && !(link.ifi_flags & IFF_UP);
	past->narrow |= mtu > 0 && mtu < IP6_MTU_MIN;
	*up = link.ifi_flags & IFF_UP;
}

/* How the link is now is asked for, since some of them may be lost (ENOBUFS).  But only they know
 * what it has been through.  What we look for is in the first bytes of each. */
struct netlink_past netlink_monitor_drain(int fd, unsigned index, bool *up)
{
	struct netlink_past past = {false, false};
	uint8_t start[512];
	ssize_t n;

	while ((n = recv(fd, start, sizeof(start), 0)) >= 0 || errno == ENOBUFS || errno == EINTR)
		if (n > 0)
			follow((struct span){start, (size_t)n}, index, up, &past);
	return past;
}

/* The kernel's words, behind the error number (the request is not echoed: NETLINK_CAP_ACK). */
static void keep_words(struct netlink *nl, const struct nlmsghdr *nh, struct span body)
{
	struct span text;

	if (!(nh->nlmsg_flags & NLM_F_ACK_TLVS) || !span_take(&body, sizeof(struct nlmsgerr)))
		return;
	text = netlink_attr(body, NLMSGERR_ATTR_MSG);
	if (!text.p)
		return;
	snprintf(nl->why, sizeof(nl->why), "%.*s", (int)text.len, (const char *)text.p);
}

static int read_error(struct netlink *nl, const struct nlmsghdr *nh, struct span body)
{
	int err = 0;

	if (body.len < sizeof(err)) {
		errno = EPROTO;
		return -1;
	}
	memcpy(&err, body.p, sizeof(err));
	if (err == 0)
		return 0;
	keep_words(nl, nh, body);
	errno = -err;
	return -1;
}

/* Takes the message numbered nl->seq out of BUF: 0 and its body, -1 with errno if it is a refusal,
 * 1 if it is not there. */
static int find_reply(struct netlink *nl, struct span buf, struct span *body)
{
	struct nlmsghdr nh;

	while (netlink_next(&buf, &nh, body))
		if (nh.nlmsg_seq == nl->seq)
			return nh.nlmsg_type == NLMSG_ERROR ? read_error(nl, &nh, *body) : 0;
	return 1;
}

static int send_request(struct netlink *nl, struct netlink_msg *m)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	m->nh.nlmsg_seq = ++nl->seq;
	nl->why[0] = '\0';
	return sendto(nl->fd, m, m->nh.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0
		       ? -1
		       : 0;
}

static ssize_t receive(struct netlink *nl, uint8_t *reply)
{
	ssize_t n;

	do
		n = recv(nl->fd, reply, REPLY_SIZE, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Sends M and waits for its one answer, which is left in REPLY. */
static int transact(struct netlink *nl, struct netlink_msg *m, uint8_t *reply, struct span *body)
{
	int found = 1;

	if (send_request(nl, m) < 0)
		return -1;
	while (found > 0) {
		ssize_t n = receive(nl, reply);

		if (n < 0)
			return -1;
		found = find_reply(nl, (struct span){reply, (size_t)n}, body);
	}
	return found;
}

/* For requests that are only acknowledged. */
static int tell(struct netlink *nl, struct netlink_msg *m)
{
	uint8_t reply[REPLY_SIZE];
	struct span body;

	m->nh.nlmsg_flags |= NLM_F_ACK;
	return transact(nl, m, reply, &body);
}

static unsigned tun_queues(struct span attrs)
{
	struct span info = netlink_attr(attrs, IFLA_LINKINFO);

	return netlink_attr_u32(netlink_attr(info, IFLA_INFO_DATA), IFLA_TUN_NUM_QUEUES);
}

int netlink_link(struct netlink *nl, unsigned index, struct netlink_link *out)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	uint8_t reply[REPLY_SIZE];
	struct span body, name, alias;
	const void *head;
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETLINK, 0, &link, sizeof(link));
	if (transact(nl, &m, reply, &body) < 0)
		return -1;
	head = span_take(&body, sizeof(link));
	if (!head) {
		errno = EPROTO;
		return -1;
	}
	memcpy(&link, head, sizeof(link));
	name = netlink_attr(body, IFLA_IFNAME);
	snprintf(out->name, sizeof(out->name), "%.*s", (int)name.len,
		 name.p ? (const char *)name.p : "");
	alias = netlink_attr(body, IFLA_IFALIAS);
	snprintf(out->alias, sizeof(out->alias), "%.*s", (int)alias.len,
		 alias.p ? (const char *)alias.p : "");
	out->mtu = netlink_attr_u32(body, IFLA_MTU);
	out->queue = netlink_attr_u32(body, IFLA_TXQLEN);
	out->up = link.ifi_flags & IFF_UP;
	out->queues = tun_queues(body);
	return 0;
}

int netlink_link_set(struct netlink *nl, unsigned index, bool up)
{
	struct ifinfomsg link = {
		.ifi_index = (int)index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	return tell(nl, &m);
}

static int set_number(struct netlink *nl, unsigned index, uint16_t type, uint32_t value)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	netlink_put(&m, type, &value, sizeof(value));
	return tell(nl, &m);
}

int netlink_link_queue(struct netlink *nl, unsigned index, unsigned packets)
{
	return set_number(nl, index, IFLA_TXQLEN, packets);
}

int netlink_link_alias(struct netlink *nl, unsigned index, const char *alias)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	netlink_put(&m, IFLA_IFALIAS, alias, strlen(alias));
	return tell(nl, &m);
}

int netlink_link_mtu(struct netlink *nl, unsigned index, unsigned bytes)
{
	return set_number(nl, index, IFLA_MTU, bytes);
}

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
	return tell(nl, &m);
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
	return tell(nl, &m);
}

int netlink_route_add(struct netlink *nl, unsigned index, const struct prefix *r)
{
	return change_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index, r);
}

int netlink_route_del(struct netlink *nl, unsigned index, const struct prefix *r)
{
	return change_route(nl, RTM_DELROUTE, 0, index, r);
}

/* The route that the kernel would take to R's address, and its attributes, which are in REPLY. */
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
	if (transact(nl, &m, reply, attrs) < 0)
		return -1;
	head = span_take(attrs, sizeof(*route));
	if (!head)
		return -1;
	memcpy(route, head, sizeof(*route));
	return 0;
}

unsigned netlink_route_index(struct netlink *nl, const struct prefix *r)
{
	uint8_t reply[REPLY_SIZE];
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

/* A wide route without a gateway, as for a tunnel, is no network: everything may lie in it. */
unsigned netlink_route_network(struct netlink *nl, const struct prefix *r, struct prefix *net)
{
	uint8_t reply[REPLY_SIZE];
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

/* Its own address is what IFA_LOCAL says; IFA_ADDRESS is that of the peer, if it has one. */
static void tell_addr(struct span body, netlink_each *each, void *arg)
{
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
	each(arg, msg.ifa_index, &addr, &net);
}

static void tell_route(struct span body, unsigned wanted, netlink_each *each, void *arg)
{
	const void *head = span_take(&body, sizeof(struct rtmsg));
	struct prefix dst = {.family = 4};
	struct rtmsg route;
	struct span value;

	if (!head)
		return;
	memcpy(&route, head, sizeof(route));
	value = netlink_attr(body, RTA_DST);
	if (route.rtm_table != RT_TABLE_MAIN || route.rtm_protocol != RTPROT_STATIC ||
	    route.rtm_type != RTN_UNICAST || netlink_attr_u32(body, RTA_OIF) != wanted)
		return;
	if (value.p && !read_addr(value, route.rtm_family, &dst))
		return;
	dst.family = route.rtm_family == AF_INET ? 4 : 6;
	dst.len = route.rtm_dst_len;
	each(arg, wanted, &dst, &dst);
}

/* 1 at the end of the dump, 0 if there is more of it.  Of addresses all are told of, of routes
 * those through interface VIA. */
static int tell_addrs(struct netlink *nl, struct span buf, unsigned via, netlink_each *each,
		      void *arg)
{
	struct nlmsghdr nh;
	struct span body;

	while (netlink_next(&buf, &nh, &body)) {
		if (nh.nlmsg_seq != nl->seq)
			continue;
		if (nh.nlmsg_type == NLMSG_ERROR)
			return read_error(nl, &nh, body) < 0 ? -1 : 1;
		if (nh.nlmsg_type == NLMSG_DONE)
			return 1;
		if (nh.nlmsg_type == RTM_NEWADDR)
			tell_addr(body, each, arg);
		else if (nh.nlmsg_type == RTM_NEWROUTE)
			tell_route(body, via, each, arg);
	}
	return 0;
}

static int dump(struct netlink *nl, struct netlink_msg *m, unsigned via, netlink_each *each,
		void *arg)
{
	uint8_t reply[REPLY_SIZE];
	int ended = 0;

	if (send_request(nl, m) < 0)
		return -1;
	while (ended == 0) {
		ssize_t n = receive(nl, reply);

		if (n < 0)
			return -1;
		ended = tell_addrs(nl, (struct span){reply, (size_t)n}, via, each, arg);
	}
	return ended < 0 ? -1 : 0;
}

int netlink_addrs(struct netlink *nl, netlink_each *each, void *arg)
{
	struct ifaddrmsg asked = {.ifa_family = AF_UNSPEC};
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETADDR, NLM_F_DUMP, &asked, sizeof(asked));
	return dump(nl, &m, 0, each, arg);
}

int netlink_routes(struct netlink *nl, unsigned index, netlink_each *each, void *arg)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int rc = 0;

	for (size_t i = 0; i < sizeof(families); i++) {
		struct rtmsg asked = {.rtm_family = families[i]};
		struct netlink_msg m;

		netlink_begin(&m, RTM_GETROUTE, NLM_F_DUMP, &asked, sizeof(asked));
		if (dump(nl, &m, index, each, arg) < 0)
			rc = -1;
	}
	return rc;
}
