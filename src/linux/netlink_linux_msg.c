/* netlink_linux_msg - the format of netlink messages [netlink(7)]. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink_linux_msg.h"

#define MAX_ERRNO 4095 /* the kernel's limit */

static size_t pad4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

void netlink_begin(struct netlink_msg *m, uint16_t type, unsigned flags, const void *body,
		   size_t len)
{
	memset(m, 0, sizeof(*m));
	m->nh.nlmsg_type = type;
	m->nh.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(m->bytes + sizeof(m->nh), body, len);
	m->nh.nlmsg_len = (uint32_t)(sizeof(m->nh) + pad4(len));
}

void netlink_put(struct netlink_msg *m, uint16_t type, const void *data, size_t len)
{
	struct rtattr a = {(uint16_t)(sizeof(a) + len), type};
	uint8_t *end = m->bytes + m->nh.nlmsg_len;

	memcpy(end, &a, sizeof(a));
	if (len > 0)
		memcpy(end + sizeof(a), data, len);
	m->nh.nlmsg_len += (uint32_t)pad4(sizeof(a) + len);
}

size_t netlink_nest(struct netlink_msg *m, uint16_t type)
{
	size_t at = m->nh.nlmsg_len;

	netlink_put(m, type, NULL, 0);
	return at;
}

void netlink_nested(struct netlink_msg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->nh.nlmsg_len - at);

	memcpy(m->bytes + at, &len, sizeof(len));
}

/* Removes the next attribute from S, sets BODY to its value, and returns its type; -1 at the end.
 */
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
		s->len = 0; /* the last one may lack padding */
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
		buf->len = 0; /* the last one may lack padding */
	return true;
}

int netlink_errno(struct span body)
{
	int err;

	if (body.len < sizeof(err))
		return EPROTO;
	memcpy(&err, body.p, sizeof(err));
	return err > 0 || err < -MAX_ERRNO ? EPROTO : -err;
}
