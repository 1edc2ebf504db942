/* replay_history - the seeds of fuzz_history: a history that was rotated, and damaged ones. */
#include <string.h>

#include "replay.h"

#define HOST " 192.0.2.1 2001:db8::1 64:ff9b::/96 "
#define MORE " 192.0.2.2 2001:db8::2 64:ff9b::/96 "

const unsigned replay_mutations = 40;

static const struct {
	const char *name, *text;
} seeds[] = {
	{"empty", "%%\n"},
	{"two-files", "2026-11-26T18:00:00Z assigned new" HOST "- -\n"
		      "2026-11-26T18:00:05Z assigned new" MORE "- -\n"
		      "2026-11-26T19:00:00Z ended idle" HOST "10 1200 2026-11-26T18:00:00Z\n"
		      "%%\n"
		      "2026-11-26T20:00:00Z assigned new" HOST "- -\n"
		      "2026-11-26T21:00:00Z ended full" MORE "7 900 -\n"},
	{"clock-set-back", "2026-11-26T18:00:00Z assigned new" HOST "- -\n"
			   "%%\n"
			   "2026-11-26T17:00:00Z ended release" HOST "1 40 -\n"},
	{"same-time", "%%\n"
		      "2026-11-26T18:00:00Z assigned new" HOST "- -\n"
		      "2026-11-26T18:00:00Z assigned new" MORE "- -\n"
		      "2026-11-26T18:00:00Z ended pin" HOST "1 40 2026-11-26T18:00:00Z\n"
		      "2026-11-26T18:00:01Z ended map" MORE "1 40 2026-11-26T18:00:00Z\n"},
	{"junk", "2026-11-26T18:00:00Z assigned new" HOST "- -\n"
		 "\n"
		 "junk 192.0.2.1 junk\n"
		 "2026-11-26T18:00:02Z assigned new" HOST "- - \n"
		 "2026-11-26T18:00:03Z assigned new" MORE "- -\n"
		 "2026-11-26T18:00:04Z assi"},
};

#define SEEDS (sizeof(seeds) / sizeof(*seeds))

size_t replay_seed(size_t i, uint8_t *at, const char **name)
{
	if (i == SEEDS)
		return 0;
	*name = seeds[i].name;
	memcpy(at, seeds[i].text, strlen(seeds[i].text));
	return strlen(seeds[i].text);
}

size_t replay_mutate(uint8_t *m, size_t len)
{
	return replay_mutate_text(m, len);
}
