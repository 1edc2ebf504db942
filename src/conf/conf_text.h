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

struct conf_want {       /* of a prefix */
	bool bare;       /* an address without length is a prefix of one host */
	bool host_bits;  /* are allowed */
	uint8_t example; /* length to show where it is missing; 0: that of a host */
};

bool conf_parse_number(struct conf_reader *r, const char *s, unsigned min, unsigned max,
		       unsigned *out);
bool conf_parse_bool(struct conf_reader *r, const char *s, bool *out);
bool conf_parse_addr4(struct conf_reader *r, const char *s, uint32_t *out);
bool conf_parse_addr6(struct conf_reader *r, const char *s, struct ip6 *out);
bool conf_parse_prefix4(struct conf_reader *r, const char *s, const struct conf_want *want,
			struct prefix4 *out);
bool conf_parse_prefix6(struct conf_reader *r, const char *s, const struct conf_want *want,
			struct prefix6 *out);

/* May all of P, which was written S, be a pool of addresses?  EXAMPLE is one that may. */
bool conf_check_pool4(struct conf_reader *r, const char *s, const struct prefix4 *p,
		      const char *example);

/* Is all of P link-local [3927]?  A router that keeps to the rules drops packets from there, but
 * behind NAT44 nobody sees them. */
bool conf_is_link_local4(const struct prefix4 *p);
#define LINK_LOCAL "is link-local, which other routers drop (hide it behind NAT44)"

/* A prefix of either family; address and length of it, host bits included, in OUT. */
bool conf_parse_either(struct conf_reader *r, const char *s, const struct conf_want *want,
		       struct prefix *out);

/* Is S short enough for the kernel to take it as a path? */
bool conf_path_fits(struct conf_reader *r, const char *s);

/* Does S look like an address of that family: is it one up to a slash? */
bool conf_is_addr4(const char *s);
bool conf_is_addr6(const char *s);

#define CONF_PLACE (CONF_SHORT + 16) /* room for a file and a line */

#endif
