/* tc - adds the tc filter to a device, finds it and removes it [tc-bpf(8)]. */
#include "linux/tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink_linux.h"
#include "netlink_linux_msg.h"

#define QDISC  "clsact"
#define KIND   "bpf"
#define NAME   "nat64d"
#define EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

static void put_text(struct netlink_msg *m, uint16_t type, const char *text)
{
	netlink_put(m, type, text, strlen(text) + 1);
}

static void put_u32(struct netlink_msg *m, uint16_t type, uint32_t value)
{
	netlink_put(m, type, &value, sizeof(value));
}

static bool is_text(struct span value, const char *text)
{
	size_t len = strlen(text) + 1;

	return value.len == len && memcmp(value.p, text, len) == 0;
}

/* --- errors ----------------------------------------------------------------------------------- */

/* Describes errno.  MODULE provides the requested feature.  The kernel tries to load it for root of
 * the initial user namespace, but not for root of a container. */
static const char *cause(const struct netlink *nl, const char *module, char text[64])
{
	switch (errno) {
	case EPERM:
		return "not permitted (this needs root or CAP_NET_ADMIN)";
	case ENODEV:
		return "the device no longer exists";
	case EOPNOTSUPP:
		if (nl->why[0] != '\0')
			return nl->why;
		return "the kernel has no traffic control (CONFIG_NET_SCHED, CONFIG_NET_CLS)";
	case ENOENT:
		snprintf(text, 64, "missing in this kernel (modprobe %s)", module);
		return text;
	default:
		return nl->why[0] != '\0' ? nl->why : strerror(errno);
	}
}

/* Reports that WHAT is not available on link INDEX.  Returns -1. */
static int fail(const struct netlink *nl, unsigned index, const char *what, const char *module,
		char *err)
{
	char name[IF_NAMESIZE], text[64];
	const char *why = cause(nl, module, text);

	if (!if_indextoname(index, name))
		snprintf(name, sizeof(name), "link %u", index);
	snprintf(err, TC_ERR, "%s: %s: %s", name, what, why);
	return -1;
}

/* --- qdisc ------------------------------------------------------------------------------------ */

struct wanted {
	unsigned index;
	bool there;
};

static void take_qdisc(void *arg, struct span body)
{
	struct wanted *w = arg;
	const void *head = span_take(&body, sizeof(struct tcmsg));
	struct tcmsg tc;

	if (!head)
		return;
	memcpy(&tc, head, sizeof(tc));
	if ((unsigned)tc.tcm_ifindex == w->index && tc.tcm_parent == TC_H_CLSACT)
		w->there |= is_text(netlink_attr(body, TCA_KIND), QDISC);
}

/* Returns 1 if there is a clsact qdisc, 0 if not, or -1 with errno.  The older ingress qdisc may be
 * in its place; it also accepts filters for egress, but applies them to ingress. */
static int has_qdisc(struct netlink *nl, unsigned index)
{
	struct tcmsg asked = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index};
	struct wanted w = {index, false};
	struct netlink_msg m;

	netlink_begin(&m, RTM_GETQDISC, NLM_F_DUMP, &asked, sizeof(asked));
	if (netlink_dump(nl, &m, RTM_NEWQDISC, take_qdisc, &w) == 0)
		return w.there;
	return errno == EOPNOTSUPP ? 0 : -1; /* a kernel without traffic control */
}

static int add_qdisc(struct netlink *nl, unsigned index)
{
	struct tcmsg tc = {.tcm_family = AF_UNSPEC,
			   .tcm_ifindex = (int)index,
			   .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
			   .tcm_parent = TC_H_CLSACT};
	struct netlink_msg m;

	netlink_begin(&m, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof(tc));
	put_text(&m, TCA_KIND, QDISC);
	return netlink_tell(nl, &m);
}

static int need_qdisc(struct netlink *nl, unsigned index, char *err)
{
	char name[IF_NAMESIZE] = "";
	int rc;

	if (add_qdisc(nl, index) == 0)
		return 0;
	if (errno != EEXIST)
		return fail(nl, index, "clsact qdisc", "sch_ingress", err);
	rc = has_qdisc(nl, index);
	if (rc < 0)
		return fail(nl, index, "clsact qdisc", "sch_ingress", err);
	if (rc > 0)
		return 0;
	if_indextoname(index, name);
	snprintf(err, TC_ERR,
		 "%s: clsact qdisc: an ingress qdisc occupies its place (tc qdisc del dev %s "
		 "ingress)",
		 name, name);
	return -1;
}

/* --- filter ----------------------------------------------------------------------------------- */

static int add_filter(struct netlink *nl, unsigned index, int prog_fd)
{
	struct tcmsg tc = {.tcm_family = AF_UNSPEC,
			   .tcm_ifindex = (int)index,
			   .tcm_parent = EGRESS,
			   .tcm_info = TC_H_MAKE(0, htons(ETH_P_ALL))};
	struct netlink_msg m;
	size_t options;

	netlink_begin(&m, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof(tc));
	put_text(&m, TCA_KIND, KIND);
	options = netlink_nest(&m, TCA_OPTIONS);
	put_u32(&m, TCA_BPF_FD, (uint32_t)prog_fd);
	put_text(&m, TCA_BPF_NAME, NAME);
	put_u32(&m, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	netlink_nested(&m, options);
	return netlink_tell(nl, &m);
}

int tc_attach(unsigned index, int prog_fd, char *err)
{
	struct netlink nl;
	int rc;

	if (netlink_open(&nl) < 0) {
		snprintf(err, TC_ERR, "netlink: %s", strerror(errno));
		return -1;
	}
	rc = need_qdisc(&nl, index, err);
	if (rc == 0 && add_filter(&nl, index, prog_fd) < 0)
		rc = fail(&nl, index, "bpf filter", "cls_bpf", err);
	netlink_close(&nl);
	return rc;
}

/* The kernel first lists each priority without its filters.  Such an entry has no handle, and
 * removing it would remove all filters of the priority. */
static void take_filter(void *arg, struct span body)
{
	struct tcmsg *found = arg, tc;
	const void *head = span_take(&body, sizeof(tc));
	struct span options = netlink_attr(body, TCA_OPTIONS);

	if (!head || !is_text(netlink_attr(body, TCA_KIND), KIND) ||
	    !is_text(netlink_attr(options, TCA_BPF_NAME), NAME))
		return;
	memcpy(&tc, head, sizeof(tc));
	if (tc.tcm_handle != 0)
		*found = tc;
}

/* Sets *FOUND to the last of our filters; its handle is 0 if there is none.  Ours are in chain 0.
 */
static int find_filter(struct netlink *nl, unsigned index, struct tcmsg *found)
{
	struct tcmsg asked = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index, .tcm_parent = EGRESS};
	struct netlink_msg m;

	*found = (struct tcmsg){.tcm_handle = 0};
	netlink_begin(&m, RTM_GETTFILTER, NLM_F_DUMP, &asked, sizeof(asked));
	put_u32(&m, TCA_CHAIN, 0);
	return netlink_dump(nl, &m, RTM_NEWTFILTER, take_filter, found);
}

static int remove_filter(struct netlink *nl, const struct tcmsg *found)
{
	struct netlink_msg m;

	netlink_begin(&m, RTM_DELTFILTER, 0, found, sizeof(*found));
	put_text(&m, TCA_KIND, KIND);
	return netlink_tell(nl, &m);
}

/* Removes one at a time, since unread messages of a dump would mix with the next answer.  Another
 * process may have removed a filter first. */
static int remove_filters(struct netlink *nl, unsigned index)
{
	struct tcmsg found;
	int n = 0;

	while (find_filter(nl, index, &found) == 0) {
		if (found.tcm_handle == 0)
			return n;
		if (remove_filter(nl, &found) == 0)
			n++;
		else if (errno != ENOENT)
			return -1;
	}
	return -1;
}

int tc_detach(unsigned index)
{
	struct netlink nl;
	int rc, err;

	if (netlink_open(&nl) < 0)
		return -1;
	rc = has_qdisc(&nl, index);
	if (rc > 0)
		rc = remove_filters(&nl, index);
	err = errno;
	netlink_close(&nl);
	errno = err;
	return rc;
}
