/* blast - sends UDP datagrams of many flows as fast as possible, and counts those that arrive.
 *
 *   blast send [-4|-6] DST PORT [-n FLOWS] [-s SIZE] [-t SECONDS] [-b BATCH] [--gso N] [--rate PPS]
 *              [--sources FIRST[/LENGTH]] [--targets] [--random] [--unlike]
 *   blast sink -p PORT [-t SECONDS]
 *
 * Each flow is a separate connected socket.  One system call sends BATCH datagrams of one flow, and
 * then the next flow follows.  The default of BATCH is 8, about the number that a media or QUIC
 * server sends to a peer at once.  With 1, the flows strictly alternate, which is the worst case
 * for merging.  --gso N lets the kernel split each message into N datagrams of SIZE bytes.  --rate
 * limits the rate of all flows together.
 *
 * --sources: flow i comes from address FIRST + i, which need not exist here (IPV6_FREEBIND), and
 * all flows share one socket; with a length, each datagram comes from a random address of that
 * network.
 * --targets: flow i goes to DST + i.  --random: the flows are in random order.  --unlike: each
 * datagram of a flow is longer than the one before (SIZE to SIZE + 63), so that they cannot be
 * merged.
 *
 * Both print one JSON object.  A datagram contains its flow, its number in the flow, and a pattern
 * that the sink compares. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "blast.h"

#define SOCKETS 60000 /* maximum flows with a separate socket each */

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
		return false; /* only one control message at a time, and only one size */
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
