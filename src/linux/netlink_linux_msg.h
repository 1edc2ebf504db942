/* netlink_linux_msg - builds and parses messages to and from the kernel, and their attributes.
 *
 * Private to this folder. */
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

/* Begins a request with the fixed part BODY. netlink_put() then adds attributes. */
void netlink_begin(struct netlink_msg *m, uint16_t type, unsigned flags, const void *body,
		   size_t len);
void netlink_put(struct netlink_msg *m, uint16_t type, const void *data, size_t len);
/* Begins an attribute that contains the following ones.  End it by netlink_nested() with the
 * result.
 */
size_t netlink_nest(struct netlink_msg *m, uint16_t type);
void netlink_nested(struct netlink_msg *m, size_t at);

/* Removes the next message from BUF.  False at the end. */
bool netlink_next(struct span *buf, struct nlmsghdr *nh, struct span *body);
/* Return the value of attribute TYPE among ATTRS; empty or 0 if it does not exist. */
struct span netlink_attr(struct span attrs, int type);
uint32_t netlink_attr_u32(struct span attrs, int type);

/* Returns the errno in BODY, that of an NLMSG_ERROR; 0: an acknowledgment.  EPROTO if it has none.
 */
int netlink_errno(struct span body);

/* netlink_linux.c: send M and wait for the answer.  Return 0, or -1 with errno. */

#define NETLINK_REPLY 32768 /* maximum bytes that the kernel sends at once */

/* Stores the single answer in REPLY.  BODY is the part after its header. */
int netlink_ask(struct netlink *nl, struct netlink_msg *m, uint8_t *reply, struct span *body);
/* For requests that are only acknowledged. */
int netlink_tell(struct netlink *nl, struct netlink_msg *m);
/* Passes the body of each answer of TYPE to TAKE. */
typedef void netlink_take(void *arg, struct span body);
int netlink_dump(struct netlink *nl, struct netlink_msg *m, uint16_t type, netlink_take *take,
		 void *arg);

#endif
