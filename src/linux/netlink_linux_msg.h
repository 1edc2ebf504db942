/* netlink_linux_msg - messages to and from the kernel, and the attributes in them.
 *
 * Private to the Linux shell. */
#ifndef NAT64D_NETLINK_LINUX_MSG_H
#define NAT64D_NETLINK_LINUX_MSG_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"
#include "netlink_linux.h"

struct netlink_msg {
	union {
		struct nlmsghdr nh;
		uint8_t bytes[256];
	};
};

/* A request, which BODY is the fixed part of; then its attributes, one after the other. */
void netlink_begin(struct netlink_msg *m, uint16_t type, unsigned flags, const void *body,
		   size_t len);
void netlink_put(struct netlink_msg *m, uint16_t type, const void *data, size_t len);
/* Begins an attribute that the next ones are put into, until netlink_nested() with what it
 * returned.
 */
size_t netlink_nest(struct netlink_msg *m, uint16_t type);
void netlink_nested(struct netlink_msg *m, size_t at);

/* Takes the next message off BUF; false at the end. */
bool netlink_next(struct span *buf, struct nlmsghdr *nh, struct span *body);
/* The value of attribute TYPE among ATTRS; empty, or 0, if it is not there. */
struct span netlink_attr(struct span attrs, int type);
uint32_t netlink_attr_u32(struct span attrs, int type);

/* netlink_linux.c: sends M, and waits for the answer.  0, or -1 with errno. */

#define NETLINK_REPLY 32768 /* bytes, the most that the kernel sends at once */

/* The one answer is left in REPLY, and BODY is what stands behind its header. */
int netlink_ask(struct netlink *nl, struct netlink_msg *m, uint8_t *reply, struct span *body);
/* For a request that is only acknowledged. */
int netlink_tell(struct netlink *nl, struct netlink_msg *m);
/* Gives the body of each answer of TYPE to TAKE. */
typedef void netlink_take(void *arg, struct span body);
int netlink_dump(struct netlink *nl, struct netlink_msg *m, uint16_t type, netlink_take *take,
		 void *arg);

#endif
