/* blast - sends UDP datagrams of many flows as fast as it can, and counts what of them arrives.
 *
 *   blast send [-4|-6] DST PORT [-n FLOWS] [-s SIZE] [-t SECONDS] [-b BATCH] [--gso N] [--rate PPS]
 *              [--sources FIRST[/LENGTH]] [--targets] [--random] [--unlike]
 *   blast sink -p PORT [-t SECONDS]
 *
 * A flow is a connected socket of its own.  BATCH datagrams of one flow go out with one system
 * call, then it is the next flow's turn: 8 unless told, about what a media or QUIC server sends a
 * peer at once; 1 is strict round robin, the hardest for whoever wants to merge neighbours.  --gso
 * N lets the kernel cut each message into N datagrams of SIZE bytes.  --rate paces all flows
 * together.
 *
 * --sources: flow i comes from address FIRST + i, which need not exist here (IPV6_FREEBIND), out of
 * one socket; with a length each datagram comes from a random address of that network; --targets:
 * it goes to DST + i, likewise; --random: flows in random order; --unlike: each datagram of a flow
 * is longer than the one before (SIZE to SIZE + 63), so that nobody can merge them.
 *
 * Both print one JSON object.  A datagram carries its flow, its number in the flow, and a pattern
 * which the sink compares. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "blast.h"

#define SOCKETS 60000 /* flows that can have a socket each */

void blast_die(const char *what)
{
	fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

void *blast_zeros(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		blast_die("memory");
	return p;
}

double blast_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int usage(void)
{
	fputs("usage: blast send [-4|-6] DST PORT [-n FLOWS] [-s SIZE] [-t SECONDS] [-b BATCH]\n"
	      "                  [--gso N] [--rate PPS] [--sources FIRST[/LENGTH]] [--targets] "
	      "[--random] [--unlike]\n"
	      "       blast sink -p PORT [-t SECONDS]\n",
	      stderr);
	return EXIT_FAILURE;
}

static const struct option words[] = {
	{"gso", required_argument, NULL, 'g'},
	{"rate", required_argument, NULL, 'r'},
	{"sources", required_argument, NULL, 'S'},
	{"targets", no_argument, NULL, 'T'},
	{"random", no_argument, NULL, 'R'},
	{"unlike", no_argument, NULL, 'U'},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct blast_options *o, int c)
{
	switch (c) {
	case '4':
	case '6':
		o->family = c == '4' ? AF_INET : AF_INET6;
		return true;
	case 'T':
	case 'R':
		*(c == 'T' ? &o->targets : &o->random) = true;
		return true;
	case 'U':
		o->unlike = true;
		return true;
	case 'S':
	case 'p':
		*(c == 'S' ? &o->sources : &o->port) = optarg;
		return true;
	case 't':
	case 'r':
		*(c == 't' ? &o->seconds : &o->rate) = atof(optarg);
		return true;
	case 'n':
	case 's':
		*(c == 'n' ? &o->flows : &o->size) = (unsigned)atoi(optarg);
		return true;
	case 'b':
	case 'g':
		*(c == 'b' ? &o->batch : &o->gso) = (unsigned)atoi(optarg);
		return true;
	default:
		return false;
	}
}

static bool sensible(const struct blast_options *o)
{
	unsigned most = one_socket(o) ? FLOWS_MAX : SOCKETS;

	if (o->gso > 1 && (o->sources || o->unlike))
		return false; /* one control message at a time, and one size */
	return o->flows >= 1 && o->flows <= most && o->size >= sizeof(struct stamp) &&
	       o->size < DATAGRAM_MAX && o->batch >= 1 && o->batch <= BATCH_MAX && o->gso >= 1 &&
	       (uint64_t)o->gso * o->size < DATAGRAM_MAX;
}

int main(int argc, char **argv)
{
	struct blast_options o = {.flows = 1, .size = 64, .batch = 8, .gso = 1, .seconds = 3};
	bool sink = argc > 1 && strcmp(argv[1], "sink") == 0;
	int c;

	if (!sink && (argc < 2 || strcmp(argv[1], "send") != 0))
		return usage();
	argc--;
	argv++;
	while ((c = getopt_long(argc, argv, "46n:s:t:b:p:", words, NULL)) != -1)
		if (!take_option(&o, c))
			return usage();
	if (sink)
		return o.port && optind == argc ? blast_sink(&o) : usage();
	if (argc - optind != 2 || !sensible(&o))
		return usage();
	o.host = argv[optind];
	o.port = argv[optind + 1];
	return blast_send(&o);
}
