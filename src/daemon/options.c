/* options - parses the command line.  Options of Tayga have the same meaning here. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "conf/conf.h"
#include "daemon/options.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif
#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

enum { /* long options without a short form */
	OPT_MKTUN = 256,
	OPT_RMTUN,
	OPT_SYSLOG,
	OPT_STDOUT,
	OPT_JOURNAL,
	OPT_VERSION,
	OPT_EXPAND,
	OPT_PREPARE,
	OPT_RMFILTER,
};

static const char short_options[] = ":c:dhnu:g:rp:tT";

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"debug", no_argument, NULL, 'd'},
	{"nodetach", no_argument, NULL, 'n'},
	{"user", required_argument, NULL, 'u'},
	{"group", required_argument, NULL, 'g'},
	{"chroot", no_argument, NULL, 'r'},
	{"pidfile", required_argument, NULL, 'p'},
	{"syslog", no_argument, NULL, OPT_SYSLOG},
	{"stdout", no_argument, NULL, OPT_STDOUT},
	{"journal", no_argument, NULL, OPT_JOURNAL},
	/* actions other than running */
	{"test", no_argument, NULL, 't'},
	{"print", no_argument, NULL, 'T'},
	{"expand", no_argument, NULL, OPT_EXPAND},
	{"prepare", no_argument, NULL, OPT_PREPARE},
	{"mktun", no_argument, NULL, OPT_MKTUN},
	{"rmtun", no_argument, NULL, OPT_RMTUN},
	{"rmfilter", no_argument, NULL, OPT_RMFILTER},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"usage: nat64d [-dnr] [-c FILE] [-u USER] [-g GROUP] [-p FILE] [--syslog | --stdout | "
	"--journal]\n"
	"       nat64d [-c FILE] -t | -T [--expand] | --prepare | --mktun | --rmtun | "
	"--rmfilter\n"
	"\n"
	"  -c, --config FILE   read FILE instead of " SYSCONFDIR "/nat64.conf\n"
	"  -t, --test          check the configuration and exit\n"
	"  -T, --print         print the configuration in canonical form and exit\n"
	"      --expand        with -T: also print the maps of map-file, and the warnings of -t\n"
	"      --prepare       create data-dir for the user of the daemon and exit\n"
	"      --mktun         make the device persistent and exit (-u and -g: its owner)\n"
	"      --rmtun         remove the device and exit\n"
	"      --rmfilter      remove the tc filter that a daemon left on the device and exit\n"
	"\n"
	"  -n, --nodetach      stay in the foreground\n"
	"  -d, --debug         the same as -n\n"
	"  -u, --user USER     run as USER, in its primary group unless -g is given\n"
	"  -g, --group GROUP   run as GROUP\n"
	"  -r, --chroot        change the root directory to data-dir\n"
	"  -p, --pidfile FILE  write the process ID to FILE, and lock it\n"
	"      --syslog, --stdout, --journal\n"
	"                      log there (default: standard error; syslog once detached)\n"
	"\n"
	"  -h, --help          print this summary and exit\n"
	"      --version       print the version and exit\n"
	"\n"
	"The manual is nat64d(8); nat64.conf(5) describes the configuration file.\n";

static int complain(const char *what, const char *which)
{
	fprintf(stderr, "nat64d: %s%s; try nat64d --help\n", what, which);
	return 1;
}

static int choose(struct options *o, enum action action)
{
	if (o->action != ACTION_RUN && o->action != action)
		return complain(
			"more than one of -t, -T, --prepare, --mktun, --rmtun and --rmfilter", "");
	o->action = action;
	return -1;
}

static int log_to(struct options *o, enum log_sink sink)
{
	if (o->sink != SINK_STDERR && o->sink != sink)
		return complain("more than one of --syslog, --stdout and --journal", "");
	o->sink = sink;
	return -1;
}

static int tell(const char *text)
{
	if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
		return 0;
	fprintf(stderr, "nat64d: standard output: %s\n", strerror(errno));
	return 1;
}

static int apply_long(struct options *o, int opt)
{
	switch (opt) {
	case OPT_PREPARE:
		return choose(o, ACTION_PREPARE);
	case OPT_MKTUN:
		return choose(o, ACTION_MAKE);
	case OPT_RMTUN:
		return choose(o, ACTION_REMOVE);
	case OPT_RMFILTER:
		return choose(o, ACTION_UNFILTER);
	case OPT_SYSLOG:
		return log_to(o, SINK_SYSLOG);
	case OPT_STDOUT:
		return log_to(o, SINK_STDOUT);
	case OPT_JOURNAL:
		return log_to(o, SINK_JOURNAL);
	case OPT_EXPAND:
		o->expand = true;
		return -1;
	case OPT_VERSION:
		return tell("nat64d " PACKAGE_VERSION "\n");
	default:
		return complain("internal error in options", "");
	}
}

static int apply(struct options *o, int opt)
{
	switch (opt) {
	case 'c':
		o->config = optarg;
		return -1;
	case 'h':
		return tell(help);
	case 'd': /* same as -n; Tayga prints debug messages, too */
	case 'n':
		o->foreground = true;
		return -1;
	case 'u':
		o->user = optarg;
		return -1;
	case 'g':
		o->group = optarg;
		return -1;
	case 'r':
		o->chroot = true;
		return -1;
	case 'p':
		o->pidfile = optarg;
		return -1;
	case 't':
		return choose(o, ACTION_TEST);
	case 'T':
		return choose(o, ACTION_PRINT);
	default:
		return apply_long(o, opt);
	}
}

/* Called when getopt_long() found an unknown option, a missing argument, or an argument to an
 * option that takes none.  Only in the last case does optopt hold a known letter.  For an unknown
 * long option it is 0. */
static int bad_option(int opt, int argc, char **argv)
{
	const char letter[] = {'-', (char)optopt, '\0'}, *last = argv[argc - 1];

	/* an option without its argument is the last word; with musl, optind is then past the end
	 */
	if (opt == ':')
		return complain("missing argument to ",
				strncmp(last, "--", 2) == 0 ? last : letter);
	last = argv[optind - 1];
	if (optopt > 255 || (optopt > 0 && optopt != ':' && strchr(short_options, optopt)))
		return complain("this option takes no argument: ", last);
	return complain("unknown option ", optopt > 0 ? letter : last);
}

/* Returns the first argument, or NULL.  Ignores empty ones, since clatd passes one in place of -d.
 */
static const char *first_argument(int argc, char **argv)
{
	while (optind < argc && argv[optind][0] == '\0')
		optind++;
	return optind < argc ? argv[optind] : NULL;
}

int options_parse(struct options *o, int argc, char **argv)
{
	const char *argument;
	int opt, status;

	*o = (struct options){.config = SYSCONFDIR "/nat64.conf", .sink = SINK_STDERR};
	opterr = 0;
	while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return bad_option(opt, argc, argv);
		status = apply(o, opt);
		if (status >= 0)
			return status;
	}
	argument = first_argument(argc, argv);
	if (argument)
		return complain("only options are accepted, not the argument ", argument);
	if (o->expand && o->action != ACTION_PRINT)
		return complain("--expand needs -T", "");
	return -1;
}
