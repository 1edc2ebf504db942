/* reply - the messages we originate: ICMP errors about a packet, and echo replies. */
#ifndef NAT64D_REPLY_H
#define NAT64D_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "packet/packet.h"
#include "packet/reason.h"

#define REPLY_MAX4 576  /* longest ICMPv4 error [1812-4.3.2.3] */
#define REPLY_MAX6 1280 /* longest ICMPv6 error [4443-2.4c] */

struct reply_own { /* our own addresses */
	uint32_t own4;
	struct ip6 own6;
};

/* May P be answered with an ICMP error at all?  Never an ICMP error or a redirect, whatever headers
 * it stands behind, a later fragment, a packet from or to other than one host [1812-4.3.2.7,
 * 4443-2.4e], nor one of our own.  A link-local IPv4 address is that of one host; whether it may
 * pass at all is for the caller to say. */
bool reply_allowed(const struct packet *p, const struct reply_own *own);

/* Writes an ICMP error about P, from us to its source, to OUT (REPLY_MAX6 bytes) and returns its
 * length.  WHAT: type and code; REST: the 32 bits behind the checksum (MTU, pointer); ID: IPv4
 * identification.  Quotes P's bytes as they are. */
size_t reply_error(uint8_t *out, const struct packet *p, const struct reply_own *own,
		   struct icmp_answer what, uint32_t rest, uint16_t id);

/* Turns the echo request P, whose payload stands at L4, into its reply in place: the new header is
 * written right in front of L4, so that options and extension headers are gone.  Returns the length
 * of the reply. */
size_t reply_echo(const struct packet *p, uint8_t *l4, uint16_t id);

#endif
