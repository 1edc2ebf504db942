/* leaserow - a lease as the control socket lists it.  Writes one line: a JSON object or a row of a
 * text table.  Parses the JSON. */
#ifndef NAT64D_LEASEROW_H
#define NAT64D_LEASEROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "packet/fastpath.h"

#define LEASEROW_MAX 640 /* bytes of a line, with its newline and a NUL */

struct lease_row {
	uint32_t addr; /* host order */
	int32_t idle;  /* seconds since the host's last packet */
	int32_t age;   /* seconds since the assignment, or -1: unknown */
	bool confirmed;
	struct ip6 host;
	int64_t now; /* unix time when the row was created */
	/* by direction as in enum report_dir */
	uint64_t packets[FASTPATH_DIRS], bytes[FASTPATH_DIRS];
	const char *prefix, *pool; /* as text, at most 43 characters; NULL: none */
};

/* Write a line with its newline and a NUL to OUT; return its length.  The columns of the header
 * match those of the rows. */
size_t leaserow_json(char out[LEASEROW_MAX], const struct lease_row *r);
size_t leaserow_text(char out[LEASEROW_MAX], const struct lease_row *r);
size_t leaserow_header(char out[LEASEROW_MAX]);

/* Parses a JSON line of this or another version of nat64d.  Modifies LINE; the strings of R point
 * into it.  Ignores unknown keys.  False if it is not valid. */
bool leaserow_parse(char *line, struct lease_row *r);

#endif
