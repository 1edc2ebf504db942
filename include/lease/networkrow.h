/* networkrow - a network whose hosts have leases, as the control socket lists it.  Writes one line:
 * a JSON object or a row of a text table.  Parses the JSON. */
#ifndef NAT64D_NETWORKROW_H
#define NAT64D_NETWORKROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define NETWORKROW_MAX 400 /* bytes of a line, with its newline and a NUL */

struct network_row {
	struct prefix6 network;
	uint64_t used, confirmed; /* number of leases */
	uint64_t share;           /* its fair share of the leases */
	/* As text, at most 43 characters: the pool, and the hosts that it serves (NULL: all). */
	const char *pool, *from;
};

/* Write a line with its newline and a NUL to OUT; return its length.  The columns of the header
 * match those of the rows. */
size_t networkrow_json(char out[NETWORKROW_MAX], const struct network_row *r);
size_t networkrow_text(char out[NETWORKROW_MAX], const struct network_row *r);
size_t networkrow_header(char out[NETWORKROW_MAX]);

/* Parses a JSON line of this or another version of nat64d.  Modifies LINE; the strings of R point
 * into it.  Ignores unknown keys.  False if it is not valid. */
bool networkrow_parse(char *line, struct network_row *r);

#endif
