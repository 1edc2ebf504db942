/* nat64ctl - parses the command line, selects the socket and runs the command. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nat64ctl.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif

#define LINE_TOP 4095 /* maximum bytes of a request, without its newline */

static const char help[] =
	"usage: nat64ctl [-i NAME | -s PATH] [--json] COMMAND [ARGUMENT ...]\n"
	"\n"
	"  config              print the configuration that is in effect\n"
	"  counters            show the packet counters: [--explain] [--diff SECONDS]\n"
	"  demote              let a range stand by for another translator: POOL [REVISION]\n"
	"  drain               on: give no lease to new hosts; off: end that\n"
	"  explain             show what would happen to a packet, and which line decides it:\n"
	"                      SOURCE DESTINATION [tcp | udp | icmp | NUMBER]\n"
	"  export              print the leases in the format of dynamic.map:\n"
	"                      [ADDRESS | PREFIX]\n"
	"  health              run the health checks; exit status 1 if one fails:\n"
	"                      [--target ADDRESS]\n"
	"  history             list past leases: [ADDRESS | PREFIX] [since TIME]\n"
	"                      [until TIME]\n"
	"  import              take over leases of other translators from standard input:\n"
	"                      [--known | --recover | --replace PREFIX]\n"
	"  leases              list the leases: [ADDRESS | PREFIX]\n"
	"                      [--sort idle | age | packets | bytes [--reverse]] [--limit N]\n"
	"  log                 log these classes until the next reload, or none: CLASS ... | none\n"
	"  maps                list the maps, with the file and line of each\n"
	"  metrics             print the metrics for Prometheus:\n"
	"                      [--openmetrics | --http | --textfile PATH]\n"
	"  networks            list the networks that hold leases: [ADDRESS | PREFIX]\n"
	"                      [--sort used | unconfirmed] [--reverse] [--limit N]\n"
	"  pin                 turn the lease of ADDRESS into a permanent map\n"
	"  promote             give leases of a range that stands by: POOL [REVISION]\n"
	"  release             end the lease of ADDRESS\n"
	"  reload              read the configuration again; apply all of it or nothing\n"
	"                      [check] (apply nothing, but tell whether that would be refused)\n"
	"  setup               list the addresses and routes that nat64d needs\n"
	"  status              show the state of nat64d\n"
	"  top                 show the hosts with the most traffic: [ADDRESS | PREFIX]\n"
	"                      [-d SECONDS] [-n COUNT]\n"
	"  trace               show packets as they pass, if they match all arguments:\n"
	"                      [ADDRESS | PREFIX] [6to4 | 4to6] [REASON]\n"
	"  unpin               turn the pinned map of ADDRESS into a lease again\n"
	"  watch               print events as they happen, in JSON\n"
	"  who                 show which host has an address, or had it: ADDRESS [at TIME]\n"
	"\n"
	"  -i, --instance NAME talk to nat64d@NAME instead of nat64d\n"
	"  -s, --socket PATH   connect to the socket PATH\n"
	"  -w, --wake PID      before a reload: make nat64d, process PID, create its socket\n"
	"                      again if it was removed\n"
	"      --json          answer in JSON\n"
	"  -h, --help          print this summary and exit\n"
	"      --version       print the version and exit\n"
	"\n"
	"Exit status: 0 done; 1 refused, failed or not permitted; 2 usage; 3 no nat64d there.\n"
	"The manual is nat64ctl(8).\n";

/* The parsed command line. */
struct line {
	struct ctl ctl;
	char path[128];
	bool chosen; /* a socket was chosen */
	char request[LINE_TOP + 2];
	size_t len;
	char *word[CTL_WORDS + 1];
};

static int bad(const char *what, const char *which)
{
	ctl_complain("%s%s (try nat64ctl --help)", what, which);
	return CTL_USAGE;
}

static int choose(struct line *l, bool instance, const char *value)
{
	int n;

	if (!value || !*value)
		return bad("missing argument to ", instance ? "--instance" : "--socket");
	if (l->chosen)
		return bad("more than one of --instance and --socket", "");
	if (instance && strchr(value, '/'))
		return bad("not a valid instance name: ", value);
	n = snprintf(l->path, sizeof(l->path), instance ? CTL_SOCKET : "%s", value);
	if (n < 0 || (size_t)n >= sizeof(l->path))
		return bad("the name is too long: ", value);
	l->chosen = true;
	l->ctl.instance = instance ? value : NULL;
	l->ctl.elsewhere = !instance;
	return -1;
}

static int set_process(struct line *l, const char *value)
{
	char *end = NULL;
	long pid = value ? strtol(value, &end, 10) : 0;

	if (!end || *end || pid <= 1 || pid > INT32_MAX)
		return bad("not a process ID: ", value ? value : "");
	l->ctl.wake = (pid_t)pid;
	return -1;
}

/* The daemon splits requests at blanks, so a word must not contain any. */
static int put_word(struct line *l, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = word; *p; p++)
		if (*p <= ' ' || *p > '~')
			return bad("not a valid argument: ", word);
	if (n == 0)
		return bad("not a valid argument: ", "''");
	if (l->len + n + 1 > LINE_TOP)
		return bad("the arguments are too long", "");
	l->len += (size_t)snprintf(l->request + l->len, sizeof(l->request) - l->len, "%s%s",
				   l->len ? " " : "", word);
	return -1;
}

/* Returns true if WORD is a time that contains a blank.  Such a word is not sent to the daemon. */
static bool is_time(const struct line *l, const char *word)
{
	const char *command = l->word[0];

	return strchr(word, ' ') &&
	       (strcmp(command, "who") == 0 || strcmp(command, "history") == 0);
}

static int add_word(struct line *l, char *word)
{
	if (l->ctl.words == CTL_WORDS)
		return bad("the arguments are too long", "");
	l->word[l->ctl.words++] = word;
	if (is_time(l, word))
		return -1;
	return put_word(l, word);
}

/* Returns true if the argument is the long option NAME or the option LETTER. Then sets VALUE to the
 * text after it, or to the next argument. */
static bool is_option(char ***arg, char letter, const char *name, const char **value)
{
	const char *a = **arg;
	size_t n = strlen(name);

	if (a[0] == '-' && a[1] == letter) {
		*value = a[2] ? a + 2 : *++*arg;
	} else if (strncmp(a, "--", 2) == 0 && strncmp(a + 2, name, n) == 0 &&
		   (a[n + 2] == '=' || a[n + 2] == '\0')) {
		*value = a[n + 2] ? a + n + 3 : *++*arg;
	} else {
		return false;
	}
	return true;
}

/* Returns -1 to continue, or the exit status. */
static int read_argument(struct line *l, char ***arg)
{
	const char *value;
	char *a = **arg;

	if (strcmp(a, "--json") == 0) {
		l->ctl.json = true;
		return -1;
	}
	if (l->ctl.words > 0 || a[0] != '-')
		return add_word(l, a);
	if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0)
		return ctl_tell(help);
	if (strcmp(a, "--version") == 0)
		return ctl_tell("nat64ctl " PACKAGE_VERSION "\n");
	if (is_option(arg, 'i', "instance", &value))
		return choose(l, true, value);
	if (is_option(arg, 's', "socket", &value))
		return choose(l, false, value);
	if (is_option(arg, 'w', "wake", &value))
		return set_process(l, value);
	return bad("unknown option ", a);
}

static int read_arguments(struct line *l, char **argv)
{
	for (char **arg = argv + 1; *arg; arg++) {
		int status = read_argument(l, &arg);

		if (status >= 0)
			return status;
		if (!*arg)
			break;
	}
	if (l->ctl.words == 0)
		return bad("no command", "");
	return l->ctl.json ? put_word(l, "--json") : -1;
}

static int ask(const struct ctl *c, bool follow)
{
	struct ctl_reply r;
	int status;

	ctl_each(c, c->request, follow, ctl_print_line, NULL, &r);
	status = ctl_print(c, &r);
	ctl_free(&r);
	return status;
}

/* The user ends a command that follows events by a signal, which is not an error. */
static void end(int number)
{
	(void)number;
	_exit(CTL_DONE);
}

/* Prints each line as soon as it arrives. */
static int follow(const struct ctl *c)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	signal(SIGINT, end);
	signal(SIGTERM, end);
	return ask(c, true);
}

struct list {
	const struct ctl *ctl;
	bool broken;
};

static bool take_line(void *arg, char *line)
{
	struct list *l = arg;

	l->broken = ctl_breaks(l->ctl, line);
	return !l->broken && ctl_print_line(NULL, line);
}

/* Prints a list that the daemon may have to end early. */
static int list(const struct ctl *c)
{
	struct list l = {.ctl = c};
	struct ctl_reply r;
	int status;

	ctl_each(c, c->request, false, take_line, &l, &r);
	status = l.broken ? CTL_FAILED : ctl_print(c, &r);
	ctl_free(&r);
	return status;
}

static int reload(const struct ctl *c)
{
	if (c->wake)
		ctl_wake(c);
	return c->words == 1 && geteuid() == 0 ? ctl_reload(c) : ask(c, false);
}

/* Prints failed checks to standard output, too.  If no process listens, that also counts as a
 * failed check. */
static int health(const struct ctl *c)
{
	struct ctl found = *c;
	struct ctl_reply r;
	int status;

	found.json = true;
	ctl_ask(c, c->request, &r);
	status = ctl_print(&found, &r);
	ctl_free(&r);
	return status == CTL_NOBODY ? CTL_FAILED : status;
}

static int who(const struct ctl *c)
{
	return c->words == 2 ? ask(c, false) : ctl_who(c);
}

static const struct {
	const char *name;
	int (*run)(const struct ctl *c);
} own[] = {
	{"config", list},
	{"counters", ctl_counters},
	{"export", list},
	{"health", health},
	{"history", ctl_history},
	{"import", ctl_import},
	{"leases", ctl_leases},
	{"maps", list},
	{"metrics", ctl_metrics},
	{"networks", ctl_networks},
	{"reload", reload},
	{"top", ctl_top},
	{"trace", follow},
	{"watch", follow},
	{"who", who},
};

#define OWN (sizeof(own) / sizeof(*own))

/* Returns true if the summary has a line about the command. */
static bool is_known(const char *command)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "\n  %s ", command);

	return n > 0 && (size_t)n < sizeof(line) && strstr(help, line);
}

/* A daemon of another version may know more commands, so only the daemon refuses one. */
static int run(const struct ctl *c)
{
	int status;

	for (size_t i = 0; i < OWN; i++)
		if (strcmp(own[i].name, c->word[0]) == 0)
			return own[i].run(c);
	status = ask(c, false);
	if (status == CTL_NOBODY && !is_known(c->word[0]))
		bad(c->word[0], ": unknown command");
	return status;
}

/* These commands change the device or write a file, so they must finish even if nothing reads their
 * output. */
static bool is_to_be_finished(const char *command)
{
	return strcmp(command, "reload") == 0 || strcmp(command, "metrics") == 0;
}

int main(int argc, char **argv)
{
	struct line l = {.path = "/run/nat64d/control"};
	int status;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	status = read_arguments(&l, argv);
	if (status >= 0)
		return status;
	if (!is_to_be_finished(l.word[0]))
		signal(SIGPIPE, end);
	l.ctl.path = l.path;
	l.ctl.word = l.word;
	l.ctl.request = l.request;
	return run(&l.ctl);
}
