/* networkrow - a network that hosts with leases come from, as the control socket lists it: an
 * object of JSON in one line, or a row of a table for people; and back. */
#ifndef NAT64D_NETWORKROW_H
#define NAT64D_NETWORKROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define NETWORKROW_MAX 400 /* bytes of a line, with its newline and a NUL */

struct network_row {
	struct prefix6 network;
	uint64_t used, confirmed; /* leases */
	uint64_t share;           /* its fair share of them */
	/* As text, at most 43 characters: the pool, and the hosts that it is for, NULL: all. */
	const char *pool, *from;
};

/* Each writes a line with its newline and a NUL to OUT; returns its length.  The columns of the
 * header stand above those of the rows. */
size_t networkrow_json(char out[NETWORKROW_MAX], const struct network_row *r);
size_t networkrow_text(char out[NETWORKROW_MAX], const struct network_row *r);
size_t networkrow_header(char out[NETWORKROW_MAX]);

/* Reads the line of JSON that an nat64d of this or of another version has written; LINE is
 * destroyed, and R's texts point into it.  Keys that it does not know are passed over.  False: it
 * is no such line. */
bool networkrow_parse(char *line, struct network_row *r);

#endif
