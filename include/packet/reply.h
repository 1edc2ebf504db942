/* reply - the messages that the translator sends itself: ICMP errors and echo replies. */
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

/* Returns true if an ICMP error about P may be sent.  Not allowed for ICMP errors and redirects
 * (even after other headers), for fragments except the first, for packets from or to other than a
 * single host [1812-4.3.2.7, 4443-2.4e], and for the translator's own packets.  A link-local IPv4
 * address counts as a single host; the caller decides whether to translate it at all. */
bool reply_allowed(const struct packet *p, const struct reply_own *own);

/* Writes an ICMP error about P, from OWN to P's source, to OUT (REPLY_MAX6 bytes) and returns its
 * length.  WHAT is the type and code, REST the 32 bits after the checksum (MTU, pointer), ID the
 * IPv4 Identification.  The error quotes P unchanged. */
size_t reply_error(uint8_t *out, const struct packet *p, const struct reply_own *own,
		   struct icmp_answer what, uint32_t rest, uint16_t id);

/* Turns the echo request P, whose payload is at L4, into its reply in place.  The new header ends
 * directly before L4, so IP options and extension headers are removed.  Returns the length of the
 * reply. */
size_t reply_echo(const struct packet *p, uint8_t *l4, uint16_t id);

#endif
