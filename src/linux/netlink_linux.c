/* netlink - sends requests to the kernel and parses its answers [rtnetlink(7)]. */
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

/* seccomp: daemon: socket, setsockopt, bind; as root, to remove a filter */
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
	/* both only improve messages; old kernels do not support them */
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

/* Some notifications may be lost (ENOBUFS), so the current state of the link is requested
 * separately.  But only notifications show temporary states.  The relevant data are in the first
 * bytes of each. */
void netlink_monitor_drain(int fd, unsigned index, bool *up, struct netlink_past *past)
{
	uint8_t start[512];
	ssize_t n;

	while ((n = recv(fd, start, sizeof(start), 0)) >= 0 || errno == ENOBUFS || errno == EINTR) {
		past->unknown |= n < 0 && errno == ENOBUFS;
		if (n > 0)
			follow((struct span){start, (size_t)n}, index, up, past);
	}
}

/* Stores the kernel's text, which follows the error number; the request is not repeated there,
 * because of NETLINK_CAP_ACK. */
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
	int err = netlink_errno(body);

	if (err == 0)
		return 0;
	keep_words(nl, nh, body);
	errno = err;
	return -1;
}

/* Finds the message with number nl->seq in BUF.  Returns 0 and its body; -1 with errno if it is an
 * error; 1 if there is no such message. */
static int find_reply(struct netlink *nl, struct span buf, struct span *body)
{
	struct nlmsghdr nh;

	while (netlink_next(&buf, &nh, body))
		if (nh.nlmsg_seq == nl->seq)
			return nh.nlmsg_type == NLMSG_ERROR ? read_error(nl, &nh, *body) : 0;
	return 1;
}

/* seccomp: daemon: sendto */
static int send_request(struct netlink *nl, struct netlink_msg *m)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	m->nh.nlmsg_seq = ++nl->seq;
	nl->why[0] = '\0';
	return sendto(nl->fd, m, m->nh.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0
		       ? -1
		       : 0;
}

/* seccomp: daemon: recvfrom */
static ssize_t receive(struct netlink *nl, uint8_t *reply)
{
	ssize_t n;

	do
		n = recv(nl->fd, reply, NETLINK_REPLY, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

int netlink_ask(struct netlink *nl, struct netlink_msg *m, uint8_t *reply, struct span *body)
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

int netlink_tell(struct netlink *nl, struct netlink_msg *m)
{
	uint8_t reply[NETLINK_REPLY];
	struct span body;

	m->nh.nlmsg_flags |= NLM_F_ACK;
	return netlink_ask(nl, m, reply, &body);
}

/* Passes each message of TYPE in BUF to TAKE.  Returns 1 at the end of the dump, 0 if there is
 * more, -1 on error. */
static int take_dump(struct netlink *nl, struct span buf, uint16_t type, netlink_take *take,
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
		if (nh.nlmsg_type == type)
			take(arg, body);
	}
	return 0;
}

int netlink_dump(struct netlink *nl, struct netlink_msg *m, uint16_t type, netlink_take *take,
		 void *arg)
{
	uint8_t reply[NETLINK_REPLY];
	int ended = 0;

	if (send_request(nl, m) < 0)
		return -1;
	while (ended == 0) {
		ssize_t n = receive(nl, reply);

		if (n < 0)
			return -1;
		ended = take_dump(nl, (struct span){reply, (size_t)n}, type, take, arg);
	}
	return ended < 0 ? -1 : 0;
}

static unsigned tun_queues(struct span attrs)
{
	struct span info = netlink_attr(attrs, IFLA_LINKINFO);

	return netlink_attr_u32(netlink_attr(info, IFLA_INFO_DATA), IFLA_TUN_NUM_QUEUES);
}

int netlink_link(struct netlink *nl, unsigned index, struct netlink_link *out)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	uint8_t reply[NETLINK_REPLY];
	struct span body, name, alias;
	const void *head;
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETLINK, 0, &link, sizeof(link));
	if (netlink_ask(nl, &m, reply, &body) < 0)
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
	return netlink_tell(nl, &m);
}

static int set_number(struct netlink *nl, unsigned index, uint16_t type, uint32_t value)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	netlink_put(&m, type, &value, sizeof(value));
	return netlink_tell(nl, &m);
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
	return netlink_tell(nl, &m);
}

int netlink_link_mtu(struct netlink *nl, unsigned index, unsigned bytes)
{
	return set_number(nl, index, IFLA_MTU, bytes);
}
