/* conf_text - numbers, addresses and prefixes as words of a configuration.
 *
 * Each conf_parse_ function takes the whole word, or says what is wrong with it and what would be
 * right, and returns false. */
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

/* An address or prefix as WANT has it; in OUT host bits and all. */
bool conf_parse_addr(struct conf_reader *r, const char *s, const struct conf_want *want,
		     struct prefix *out);

/* The word of WORDS for VALUE, which has one. */
const char *conf_word(const struct conf_words *words, unsigned value);

extern const struct conf_words conf_yes_no; /* conf_directives.c */

/* The hosts of a network, or one alone, that may send: an IPv6 prefix in OUT. */
bool conf_parse_hosts(struct conf_reader *r, const char *s, struct prefix6 *out);

/* May all of P, which was written S, be a pool of addresses?  EXAMPLE is one that may. */
bool conf_check_pool4(struct conf_reader *r, const char *s, const struct prefix4 *p,
		      const char *example);

/* Is all of P link-local [3927]?  A router that keeps to the rules drops packets from there, but
 * behind NAT44 nobody sees them. */
bool conf_is_link_local4(const struct prefix4 *p);
#define LINK_LOCAL "is link-local, which other routers drop (hide it behind NAT44)"

/* Is S short enough for the kernel to take it as a path? */
bool conf_path_fits(struct conf_reader *r, const char *s);

/* Does S look like an address of FAMILY: is it one up to a slash? */
bool conf_is_addr(const char *s, uint8_t family);

#define CONF_PLACE (CONF_SHORT + 16) /* room for a file and a line */

#endif
