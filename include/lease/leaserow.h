/* leaserow - a lease as the control socket lists it: an object of JSON in one line, or a row of a
 * table for people; and back. */
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
	int32_t age;   /* seconds since the assignment, or -1: it is not known */
	bool confirmed;
	struct ip6 host;
	int64_t now; /* unix time at which the row was made */
	/* by direction as in enum report_dir */
	uint64_t packets[FASTPATH_DIRS], bytes[FASTPATH_DIRS];
	const char *prefix, *pool; /* as text, at most 43 characters; NULL: there is none */
};

/* Each writes a line with its newline and a NUL to OUT; returns its length.  The columns of the
 * header stand above those of the rows. */
size_t leaserow_json(char out[LEASEROW_MAX], const struct lease_row *r);
size_t leaserow_text(char out[LEASEROW_MAX], const struct lease_row *r);
size_t leaserow_header(char out[LEASEROW_MAX]);

/* Reads the line of JSON that an nat64d of this or of another version has written; LINE is
 * destroyed, and R's texts point into it.  Keys that it does not know are passed over.  False: it
 * is no such line. */
bool leaserow_parse(char *line, struct lease_row *r);

#endif
