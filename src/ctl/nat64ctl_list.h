/* nat64ctl_list - lists of rows that the daemon tells in the order of its tables. */
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

#define LIST_TEXTS 2 /* of a row, which point into its line */

/* What is listed. */
struct list_kind {
	const char *command, *row; /* its name, and that of a row */
	/* From number 1 on, NULL behind the last; 0 is none, and what is meant without a word. */
	const char *const *sorts;
	const char *sorts_text; /* the same as a text */
	unsigned usual;
	bool (*parse)(char *line, union list_row *r);
	uint64_t (*key)(unsigned sort, const union list_row *r);
	const char **(*texts[LIST_TEXTS])(union list_row *r);
	/* As those of lease/leaserow.h. */
	size_t (*json)(char *out, const union list_row *r);
	size_t (*text)(char *out, const union list_row *r);
	size_t (*header)(char *out);
};

/* Asks for all rows, or those of an address or prefix, and prints them as the words want; returns
 * the status to exit with. */
int ctl_list(const struct ctl *c, const struct list_kind *kind);

#endif
