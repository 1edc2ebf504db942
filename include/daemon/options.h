/* options - the command line of nat64d. */
#ifndef NAT64D_OPTIONS_H
#define NAT64D_OPTIONS_H

#include <stdbool.h>

#include "daemon/log.h"

enum action {
	ACTION_RUN,
	ACTION_MAKE,   /* --mktun */
	ACTION_REMOVE, /* --rmtun */
	ACTION_TEST,
	ACTION_PRINT,
	ACTION_PREPARE,  /* --prepare */
	ACTION_UNFILTER, /* --rmfilter */
};

struct options {
	const char *config;
	const char *user, *group; /* names or numbers; NULL: do not change it */
	const char *pidfile;      /* NULL: none */
	enum action action;
	enum log_sink sink;
	bool foreground, chroot;
	bool expand; /* --print also prints the maps of map-file */
};

/* Parses the command line.  Returns -1 to continue, or the exit status: 0 after --help and
 * --version, 1 after an error.  Messages have then been printed. */
int options_parse(struct options *o, int argc, char **argv);

#endif
