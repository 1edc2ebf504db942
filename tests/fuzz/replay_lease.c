/* replay_lease - the seeds of fuzz_lease: lease files with every kind of line. */
#include <string.h>

#include "replay.h"

const unsigned replay_mutations = 150;

#define ONE  "\x00"
#define TWO  "\x40"
#define FAR  "\x28" /* 64 bytes before the end of a piece */
#define LATE "1699999000"

static const struct {
	const char *name, *text;
	size_t len;
} seeds[] = {
#define SEED(name, text)                     \
	{                                    \
		name, text, sizeof(text) - 1 \
	}
	SEED("empty", ONE),
	SEED("tayga", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n"
			  "192.0.2.6\t2001:db8::6\t1699000000\n"),
	SEED("clean", ONE "# nat64d: IPv4 address, IPv6 address, last use\n"
			  "# prefix 2001:db8:64::/96\n"
			  "# since 1699990000\n"
			  "192.0.2.5\t2001:db8::5\t" LATE "\n"
			  "# since 1699990000\n"
			  "# unconfirmed\n"
			  "192.0.2.6\t2001:db8::6\t" LATE "\n"
			  "# clean\n"),
	SEED("checksum", ONE "# prefix 2001:db8:64::/96 checksum 2dda9092\n"
			     "# prefix 2001:db8:64::/96\n"
			     "192.0.2.5\t2001:db8::5\t" LATE "\n"
			     "# prefix 2001:db8:65::/96 checksum befe5734\n"
			     "# prefix 2001:db8:65::/96\n"
			     "192.0.2.6\t2001:db8::6\t" LATE "\n"),
	SEED("checksums", ONE "# checksum 71cb0759\n"
			      "192.0.2.5\t2001:db8::5\t" LATE "\n"
			      "# checksum 98248718\n"
			      "# since 1699990000\n"
			      "# unconfirmed\n"
			      "192.0.2.7\t2001:db8::7\t" LATE "\n"
			      "# checksum 00000000\n"
			      "192.0.2.5\t2001:db8::7\t" LATE "\n"
			      "# checksum 00000000\n"
			      "192.0.2.6\t2001:db8::6\t" LATE "\n"),
	SEED("checksum-alone", TWO "# prefix 2001:db8:65::/96 checksum befe5734\n"
				   "192.0.2.5\t2001:db8::5\t" LATE "\n"
				   "# prefix 2001:db8:64::/96 checksum 2dda9092\n"),
	SEED("checksum-other", ONE "# prefix 2001:db8:65::/96 checksum befe5734\n"
				   "# prefix 2001:db8:64::/96\n"
				   "192.0.2.5\t2001:db8::5\t" LATE "\n"
				   "# prefix none checksum 40e58474\n"
				   "# prefix none\n"
				   "192.0.2.6\t2001:db8::6\t" LATE "\n"),
	SEED("two-prefixes", TWO "192.0.2.5\t2001:db8::5\t" LATE "\t2001:db8:64::/96\n"
				 "192.0.2.6\t2001:db8::5\t" LATE "\t2001:db8:65::/96\n"
				 "192.0.2.7\t2001:db8::5\t" LATE "\t2001:db8:66::/96\n"
				 "# prefix none\n"
				 "192.0.2.8\t2001:db8::8\t" LATE "\n"),
	SEED("again", ONE "192.0.2.5\t2001:db8::5\t1699000000\n"
			  "192.0.2.5\t2001:db8::6\t" LATE "\n"
			  "192.0.2.9\t2001:db8::6\t1699000500\n"
			  "# ended 192.0.2.9\n"
			  "192.0.2.10\t2001:db8::a\t1700000900\n"
			  "192.0.2.10\t2001:db8::a\t1600000000\n"),
	SEED("again-same", ONE "# since 1699000000\n"
			       "192.0.2.5\t2001:db8::5\t1699000000\n"
			       "192.0.2.5\t2001:db8::5\t" LATE "\n"
			       "# unconfirmed\n"
			       "192.0.2.6\t2001:db8::6\t1699000000\n"
			       "192.0.2.7\t2001:db8::7\t1699000000\n"),
	SEED("another-prefix", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n"
				   "192.0.2.5\t2001:db8::6\t" LATE "\t2001:db8:66::/96\n"
				   "192.0.2.7\t2001:db8::7\t1600000000\n"
				   "192.0.2.7\t2001:db8::7\t" LATE "\t2001:db8:66::/96\n"
				   "192.0.2.8\t2001:db8::8\t" LATE "\t2001:db8:66::/96\n"
				   "192.0.2.8\t2001:db8::9\t1600000000\n"),
	SEED("old", ONE "192.0.2.5\t2001:db8::5\t1600000000\n"
			"# since 1500000000\n"
			"192.0.2.6\t2001:db8::6\t1698790000\n"
			"# clean\n"),
	SEED("damaged", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n"
			    "192.0.2.\0\0\t2001:db8::6\t" LATE "\n"
			    "\xff\xfe junk\n"
			    "192.0.2.300\t2001:db8::7\t1\n"
			    "198.51.100.1\t2001:db8::8\t" LATE "\n"
			    "192.0.2.0\t2001:db8::9\t" LATE "\n"
			    "192.0.2.11\t2001:db8:64::b\t" LATE "\n"
			    "192.0.2.12\tff02::1\t" LATE "\n"
			    "192.0.2.13\t2001:db8::d\t" LATE "\n"),
	SEED("cut", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n192.0.2.6\t2001:db8::6\t16999"),
	SEED("cut-comment", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n# unconfirmed\n"),
	SEED("cut-marked", ONE "192.0.2.5\t2001:db8::5\t" LATE "\n"
			       "192.0.2.6\t2001:d\t# cut short\n"
			       "# in use\n"),
	SEED("far", FAR "192.0.2.5\t2001:db8::5\t" LATE "\n"
			"192.0.2.6\t2001:db8::6\t" LATE "\n"
			"192.0.2.7\t2001:db8::7\t" LATE "\n"),
#undef SEED
};

#define SEEDS (sizeof(seeds) / sizeof(*seeds))

size_t replay_seed(size_t i, uint8_t *at, const char **name)
{
	if (i == SEEDS)
		return 0;
	*name = seeds[i].name;
	memcpy(at, seeds[i].text, seeds[i].len);
	return seeds[i].len;
}

size_t replay_mutate(uint8_t *m, size_t len)
{
	size_t n = replay_mutate_text(m + 1, len - 1);

	if (!replay_draw(4))
		m[0] = (uint8_t)replay_draw(128);
	return 1 + n;
}
