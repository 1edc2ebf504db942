/* nat64ctl_list - lists of rows, which the daemon sends unsorted. */
#ifndef NAT64D_NAT64CTL_LIST_H
#define NAT64D_NAT64CTL_LIST_H

#include "lease/leaserow.h"
#include "lease/networkrow.h"
#include "nat64ctl.h"

#define LIST_LINE (LEASEROW_MAX > NETWORKROW_MAX ? LEASEROW_MAX : NETWORKROW_MAX)

union list_row {
	struct lease_row lease;
	struct network_row network;
};

#define LIST_TEXTS 2 /* number of strings in a row that point into its line */

/* A kind of list. */
struct list_kind {
	const char *command, *row; /* its name, and the name of a row */
	/* The sort keys by number, from 1 on, terminated by NULL.  Number 0 means unsorted. */
	const char *const *sorts;
	const char *sorts_text; /* the same for messages */
	unsigned usual;
	bool (*parse)(char *line, union list_row *r);
	uint64_t (*key)(unsigned sort, const union list_row *r);
	const char **(*texts[LIST_TEXTS])(union list_row *r);
	/* See lease/leaserow.h. */
	size_t (*json)(char *out, const union list_row *r);
	size_t (*text)(char *out, const union list_row *r);
	size_t (*header)(char *out);
};

/* Requests all rows, or those of an address or prefix, and prints them as the command line
 * asks.  Returns the exit status. */
int ctl_list(const struct ctl *c, const struct list_kind *kind);

#endif
