/* conf_text - parses numbers, addresses and prefixes of a configuration.
 *
 * Each conf_parse_ function must match the whole word.  Otherwise it reports what is wrong and what
 * would be right, and returns false. */
#ifndef NAT64D_CONF_TEXT_H
#define NAT64D_CONF_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/addr_text.h"
#include "conf_impl.h"

bool conf_parse_number(struct conf_reader *r, const char *s, unsigned min, unsigned max,
		       unsigned *out);
bool conf_parse_word(struct conf_reader *r, const char *s, const struct conf_words *words,
		     unsigned *out);

/* Reads an address or prefix that meets WANT; host bits stay in OUT. */
bool conf_parse_addr(struct conf_reader *r, const char *s, const struct conf_want *want,
		     struct prefix *out);

/* Returns the word for VALUE, which must be in WORDS. */
const char *conf_word(const struct conf_words *words, unsigned value);

extern const struct conf_words conf_yes_no; /* in conf_directives.c */

/* Reads an IPv6 prefix or address of hosts that can send packets. */
bool conf_parse_hosts(struct conf_reader *r, const char *s, struct prefix6 *out);

/* Returns true if P, which was written as S, can be a pool: all of its addresses are routable.
 * EXAMPLE is a correct one for the message. */
bool conf_check_pool4(struct conf_reader *r, const char *s, const struct prefix4 *p,
		      const char *example);

/* Returns true if all of P is link-local [3927].  A router that follows RFC 3927 drops such
 * packets, but behind NAT44 no other router sees the addresses. */
bool conf_is_link_local4(const struct prefix4 *p);
#define LINK_LOCAL "is link-local, and other routers drop such packets (hide it behind NAT44)"

/* Returns true if S is short enough for the kernel's PATH_MAX; otherwise reports an error. */
bool conf_path_fits(struct conf_reader *r, const char *s);

/* Returns true if the part of S before a slash is an address of FAMILY. */
bool conf_is_addr(const char *s, uint8_t family);

#define CONF_PLACE (CONF_SHORT + 16) /* size of a buffer for a file and a line */

#endif
