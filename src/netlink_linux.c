/* netlink - decides how a request to the kernel is laid out and how its answer is read
 * [rtnetlink(7)]. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "posix.h"
#include "netlink_linux.h"
#include "wire.h"

#define REPLY_SIZE 32768

struct msg {
	union {
		struct nlmsghdr nh;
		uint8_t bytes[256];
	};
};

static size_t pad4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void msg_begin(struct msg *m, uint16_t type, unsigned flags, const void *body, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->nh.nlmsg_type = type;
	m->nh.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(m->bytes + sizeof(m->nh), body, len);
	m->nh.nlmsg_len = (uint32_t)(sizeof(m->nh) + pad4(len));
}

static void msg_attr(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct rtattr a = {(uint16_t)(sizeof(a) + len), type};
	uint8_t *end = m->bytes + m->nh.nlmsg_len;

	memcpy(end, &a, sizeof(a));
	memcpy(end + sizeof(a), data, len);
	m->nh.nlmsg_len += (uint32_t)pad4(sizeof(a) + len);
}

/* Takes the next attribute off S and narrows BODY to its value; -1 at the end. */
static int attr_next(struct span *s, struct span *body)
{
	struct rtattr a;
	const void *head = span_take(s, sizeof(a));
	size_t len;

	if (!head)
		return -1;
	memcpy(&a, head, sizeof(a));
	if (a.rta_len < sizeof(a))
		return -1;
	len = a.rta_len - sizeof(a);
	body->len = len;
	body->p = span_take(s, len);
	if (!body->p)
		return -1;
	if (!span_take(s, pad4(len) - len))
		s->len = 0; /* the last one need not be padded */
	return a.rta_type & NLA_TYPE_MASK;
}

struct span netlink_attr(struct span attrs, int type)
{
	struct span body;
	int t;

	while ((t = attr_next(&attrs, &body)) >= 0)
		if (t == type)
			return body;
	return (struct span){NULL, 0};
}

uint32_t netlink_attr_u32(struct span attrs, int type)
{
	struct span body = netlink_attr(attrs, type);
	uint32_t v = 0;

	if (body.len >= sizeof(v))
		memcpy(&v, body.p, sizeof(v));
	return v;
}

bool netlink_next(struct span *buf, struct nlmsghdr *nh, struct span *body)
{
	if (buf->len < sizeof(*nh))
		return false;
	memcpy(nh, buf->p, sizeof(*nh));
	if (nh->nlmsg_len < sizeof(*nh) || nh->nlmsg_len > buf->len)
		return false;
	body->p = buf->p + sizeof(*nh);
	body->len = nh->nlmsg_len - sizeof(*nh);
	if (!span_take(buf, pad4(nh->nlmsg_len)))
		buf->len = 0; /* the last one need not be padded */
	return true;
}

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

int netlink_monitor_open(void)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
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

/* Sends M and waits for its one answer, which is left in REPLY. */
static int transact(struct netlink *nl, struct msg *m, uint8_t *reply, struct span *body)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int found = 1;

	m->nh.nlmsg_seq = ++nl->seq;
	nl->why[0] = '\0';
	if (sendto(nl->fd, m, m->nh.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -1;
	while (found > 0) {
		ssize_t n = recv(nl->fd, reply, REPLY_SIZE, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		found = find_reply(nl, (struct span){reply, (size_t)n}, body);
	}
	return found;
}

/* For requests that are only acknowledged. */
static int tell(struct netlink *nl, struct msg *m)
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
	struct span body, name;
	const void *head;
	struct msg m;

	msg_begin(&m, RTM_GETLINK, 0, &link, sizeof(link));
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
	struct msg m;

	msg_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	return tell(nl, &m);
}

static int set_number(struct netlink *nl, unsigned index, uint16_t type, uint32_t value)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	struct msg m;

	msg_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	msg_attr(&m, type, &value, sizeof(value));
	return tell(nl, &m);
}

int netlink_link_queue(struct netlink *nl, unsigned index, unsigned packets)
{
	return set_number(nl, index, IFLA_TXQLEN, packets);
}

int netlink_link_mtu(struct netlink *nl, unsigned index, unsigned bytes)
{
	return set_number(nl, index, IFLA_MTU, bytes);
}

static void msg_addr(struct msg *m, uint16_t type, const struct conf_addr *a)
{
	uint8_t v4[4];

	put32(v4, a->addr4);
	if (a->family == 4)
		msg_attr(m, type, v4, sizeof(v4));
	else
		msg_attr(m, type, a->addr6.b, sizeof(a->addr6.b));
}

static uint8_t family_of(const struct conf_addr *a)
{
	return a->family == 4 ? AF_INET : AF_INET6;
}

static int change_addr(struct netlink *nl, uint16_t type, unsigned flags, unsigned index,
		       const struct conf_addr *a)
{
	struct ifaddrmsg addr = {
		.ifa_family = family_of(a), .ifa_prefixlen = a->len, .ifa_index = index};
	struct msg m;

	msg_begin(&m, type, flags, &addr, sizeof(addr));
	msg_addr(&m, IFA_LOCAL, a);
	msg_addr(&m, IFA_ADDRESS, a);
	return tell(nl, &m);
}

int netlink_addr_add(struct netlink *nl, unsigned index, const struct conf_addr *a)
{
	return change_addr(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, a);
}

int netlink_addr_del(struct netlink *nl, unsigned index, const struct conf_addr *a)
{
	return change_addr(nl, RTM_DELADDR, 0, index, a);
}

static int change_route(struct netlink *nl, uint16_t type, unsigned flags, unsigned index,
			const struct conf_addr *r)
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
	struct msg m;

	msg_begin(&m, type, flags, &route, sizeof(route));
	if (r->len > 0)
		msg_addr(&m, RTA_DST, r);
	msg_attr(&m, RTA_OIF, &out, sizeof(out));
	return tell(nl, &m);
}

int netlink_route_add(struct netlink *nl, unsigned index, const struct conf_addr *r)
{
	return change_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index, r);
}

int netlink_route_del(struct netlink *nl, unsigned index, const struct conf_addr *r)
{
	return change_route(nl, RTM_DELROUTE, 0, index, r);
}

unsigned netlink_route_index(struct netlink *nl, const struct conf_addr *r)
{
	struct rtmsg route = {.rtm_family = family_of(r),
			      .rtm_dst_len = r->family == 4 ? 32 : 128,
			      .rtm_flags = RTM_F_FIB_MATCH};
	uint8_t reply[REPLY_SIZE];
	const void *head;
	struct span body;
	struct msg m;

	msg_begin(&m, RTM_GETROUTE, 0, &route, sizeof(route));
	msg_addr(&m, RTA_DST, r);
	if (transact(nl, &m, reply, &body) < 0)
		return 0;
	head = span_take(&body, sizeof(route));
	if (!head)
		return 0;
	memcpy(&route, head, sizeof(route));
	return route.rtm_dst_len == r->len ? netlink_attr_u32(body, RTA_OIF) : 0;
}
