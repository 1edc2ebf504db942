/* replay_netlink - the seeds of fuzz_netlink: what the kernel answers. */
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "../../src/linux/netlink_linux_msg.h"

#include "replay.h"

#define DEVICE 7

const unsigned replay_mutations = 1000;

static const uint8_t wkp[16] = {0x00, 0x64, 0xff, 0x9b};

/* Copies the message to AT, as number SEQ; returns the position after it. */
static uint8_t *put(uint8_t *at, struct netlink_msg *m, uint32_t seq)
{
	m->nh.nlmsg_seq = seq;
	memcpy(at, m, m->nh.nlmsg_len);
	return at + m->nh.nlmsg_len;
}

static uint8_t *put_done(uint8_t *at, uint32_t seq)
{
	struct netlink_msg m;
	int zero = 0;

	netlink_begin(&m, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
	return put(at, &m, seq);
}

static uint8_t *put_link(uint8_t *at)
{
	struct ifinfomsg link = {.ifi_index = DEVICE, .ifi_flags = IFF_UP};
	uint32_t mtu = 1500, queue = 500, queues = 2;
	struct netlink_msg m;
	size_t info, data;

	netlink_begin(&m, RTM_NEWLINK, 0, &link, sizeof(link));
	netlink_put(&m, IFLA_IFNAME, "nat64", 6);
	netlink_put(&m, IFLA_IFALIAS, "a note", 6);
	netlink_put(&m, IFLA_MTU, &mtu, sizeof(mtu));
	netlink_put(&m, IFLA_TXQLEN, &queue, sizeof(queue));
	info = netlink_nest(&m, IFLA_LINKINFO);
	netlink_put(&m, IFLA_INFO_KIND, "tun", 3);
	data = netlink_nest(&m, IFLA_INFO_DATA);
	netlink_put(&m, IFLA_TUN_NUM_QUEUES, &queues, sizeof(queues));
	netlink_nested(&m, data);
	netlink_nested(&m, info);
	return put(at, &m, 1);
}

static uint8_t *put_addr(uint8_t *at, uint8_t family, uint8_t len)
{
	struct ifaddrmsg addr = {.ifa_family = family, .ifa_prefixlen = len, .ifa_index = DEVICE};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWADDR, NLM_F_MULTI, &addr, sizeof(addr));
	netlink_put(&m, IFA_ADDRESS, wkp, family == AF_INET ? 4 : 16);
	netlink_put(&m, IFA_LOCAL, wkp, family == AF_INET ? 4 : 16);
	return put(at, &m, 1);
}

static uint8_t *put_route(uint8_t *at, uint8_t family, uint8_t len, uint8_t protocol, bool hops,
			  uint32_t seq)
{
	struct rtmsg route = {.rtm_family = family,
			      .rtm_dst_len = len,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = protocol,
			      .rtm_type = RTN_UNICAST};
	struct rtnexthop hop[2] = {{.rtnh_len = sizeof(hop[0]), .rtnh_ifindex = 2},
				   {.rtnh_len = sizeof(hop[0]), .rtnh_ifindex = DEVICE}};
	uint32_t device = DEVICE, metric = 1024, table = RT_TABLE_MAIN;
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_MULTI, &route, sizeof(route));
	netlink_put(&m, RTA_TABLE, &table, sizeof(table));
	netlink_put(&m, RTA_DST, wkp, family == AF_INET ? 4 : 16);
	netlink_put(&m, RTA_PRIORITY, &metric, sizeof(metric));
	if (hops)
		netlink_put(&m, RTA_MULTIPATH, hop, sizeof(hop));
	else
		netlink_put(&m, RTA_OIF, &device, sizeof(device));
	return put(at, &m, seq);
}

static uint8_t *put_error(uint8_t *at, int error)
{
	struct nlmsgerr e = {.error = error};
	struct netlink_msg m;

	netlink_begin(&m, NLMSG_ERROR, NLM_F_ACK_TLVS, &e, sizeof(e));
	m.nh.nlmsg_flags = NLM_F_ACK_TLVS;
	netlink_put(&m, NLMSGERR_ATTR_MSG, "no", 3);
	return put(at, &m, 1);
}

size_t replay_seed(size_t i, uint8_t *at, const char **name)
{
	static const char *const names[] = {"link", "addresses", "routes", "network",
					    "way",  "index",     "error",  "acknowledged",
					    "news", "no-errno"};
	uint8_t *from = at++;

	if (i == sizeof(names) / sizeof(*names))
		return 0;
	*name = names[i];
	from[0] = (uint8_t)i;
	switch (i) {
	case 0:
		at = put_link(at);
		break;
	case 1:
		at = put_done(put_addr(put_addr(at, AF_INET6, 64), AF_INET, 24), 1);
		break;
	case 2:
		at = put_route(at, AF_INET6, 96, RTPROT_STATIC, false, 1);
		at = put_route(at, AF_INET6, 0, RTPROT_RA, true, 1);
		at = put_done(put_done(at, 1), 2);
		break;
	case 6:
		at = put_error(at, -1);
		break;
	case 7:
	case 9:
		at = put_error(at, i == 7 ? 0 : INT_MIN);
		break;
	default:
		at = put_route(at, AF_INET6, 48, RTPROT_KERNEL, i == 8, 1);
		break;
	}
	return (size_t)(at - from);
}

size_t replay_mutate(uint8_t *m, size_t len)
{
	static const uint8_t telling[] = {0, 1, 2, 4, 8, 16, 0x7f, 0x80, 0xff};

	for (uint32_t n = replay_draw(5); n > 0; n--) {
		size_t at = replay_draw((uint32_t)len);

		m[at] = replay_draw(2) ? telling[replay_draw(sizeof(telling))]
				       : (uint8_t)replay_draw(256);
	}
	return replay_draw(8) ? len : replay_draw((uint32_t)len + 1);
}
