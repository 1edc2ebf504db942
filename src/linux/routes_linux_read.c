/* routes_linux_read - parses the kernel's messages about routes, and drops those that could never
 * be relevant. */
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_linux_msg.h"
#include "routes_impl.h"

/* Returns true if any next hop of a multipath route leads into the device. */
static bool any_hop(struct span hops, unsigned device)
{
	struct rtnexthop hop;

	while (hops.len >= sizeof(hop)) {
		memcpy(&hop, hops.p, sizeof(hop));
		if ((unsigned)hop.rtnh_ifindex == device)
			return true;
		if (hop.rtnh_len < sizeof(hop) ||
		    !span_take(&hops, (size_t)RTNH_ALIGN(hop.rtnh_len)))
			return false;
	}
	return false;
}

/* Routes for certain sources only (rtm_src_len) do not apply to our packets.  Routes that the
 * kernel has cloned (RTM_F_CLONED) lead where their parents do. */
bool route_read(struct span body, unsigned device, struct route6 *out)
{
	const void *head = span_take(&body, sizeof(struct rtmsg));
	struct rtmsg route;
	struct span to;
	uint32_t table;

	if (!head)
		return false;
	memcpy(&route, head, sizeof(route));
	if (route.rtm_family != AF_INET6 || route.rtm_src_len > 0 || route.rtm_dst_len > 128 ||
	    (route.rtm_flags & RTM_F_CLONED))
		return false;
	table = netlink_attr_u32(body, RTA_TABLE);
	if (table == 0)
		table = route.rtm_table;
	if (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return false;
	*out = (struct route6){.local = table == RT_TABLE_LOCAL,
			       .metric = netlink_attr_u32(body, RTA_PRIORITY),
			       .to.len = route.rtm_dst_len};
	to = netlink_attr(body, RTA_DST);
	if (to.len >= sizeof(out->to.addr))
		memcpy(&out->to.addr, to.p, sizeof(out->to.addr));
	else if (route.rtm_dst_len > 0)
		return false;
	addr_clean6(&out->to.addr, out->to.len);
	out->ours = route.rtm_type == RTN_UNICAST &&
		    (netlink_attr_u32(body, RTA_OIF) == device ||
		     any_hop(netlink_attr(body, RTA_MULTIPATH), device));
	return true;
}
