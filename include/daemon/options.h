/* options - the command line. */
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
	const char *user, *group; /* names or numbers; NULL: stay who we are */
	const char *pidfile;      /* NULL: none */
	enum action action;
	enum log_sink sink;
	bool foreground, chroot;
	bool expand; /* --print writes out the maps of map-file */
};

/* Reads the command line.  Returns -1 to go on, or else the status to exit with: --help and
 * --version (0), or a mistake (1); what there was to say has then been said. */
int options_parse(struct options *o, int argc, char **argv);

#endif
