/* replay_control - the seeds of fuzz_control: valid and invalid requests. */
#include <string.h>

#include "replay.h"

#define BYTES(s) s, sizeof(s) - 1

const unsigned replay_mutations = 4000;

static const struct {
	const char *name, *text;
	size_t len;
} seeds[] = {
	{"status", BYTES("status --json")},
	{"nothing", BYTES(" \t ")},
	{"carriage-return", BYTES("trace\r")},
	{"trace-all", BYTES("trace")},
	{"trace-words", BYTES("trace 2001:db8:1::/64 8.8.8.8 6to4 pool-full --json")},
	{"trace-host-bits", BYTES("trace 192.168.255.3/24 64:ff9b::808:808/96")},
	{"trace-twice", BYTES("trace 4to6 6to4 ok draining")},
	{"trace-many",
	 BYTES("trace 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "
	       "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 ::a ::b ::c ::d ::e ::f ::10")},
	{"explain-tcp", BYTES("explain 2001:db8:1::2 64:ff9b::808:808 tcp")},
	{"explain-icmp", BYTES("explain 192.0.2.1 198.51.100.1 icmp")},
	{"explain-mixed", BYTES("explain 2001:db8:1::2 8.8.8.8 254")},
	{"log", BYTES("log drop reject icmp self lease dyn")},
	{"prefix4", BYTES("prefix 192.0.2.128/25")},
	{"prefix4-zeros", BYTES("prefix 010.1.2.3")},
	{"prefix6", BYTES("prefix 2001:db8:122:344::/64")},
	{"prefix6-mapped", BYTES("prefix ::ffff:192.0.2.1/128")},
	{"time", BYTES("time 2026-11-26T18:00:00.5+01:30")},
	{"time-local", BYTES("time 2024-02-29 23:59")},
	{"time-leap", BYTES("time 2016-12-31T23:59:60Z")},
	{"event-assigned",
	 BYTES("2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -")},
	{"event-ended",
	 BYTES("2026-11-26T19:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 10 1200 "
	       "2026-11-26T18:00:00Z")},
	{"reports-own",
	 BYTES("# since 1700000000\n# unconfirmed\n192.168.255.7\t2001:db8::7\t1700001000\t"
	       "64:ff9b::/96\n192.168.255.7\t2001:db8::8\t1700001001\n")},
	{"reports-peer",
	 BYTES("# prefix 64:ff9b::/96\n192.168.254.7\t2001:db8::7\t1700001000\n192.168.254.8\t"
	       "2001:db8::7\t1700001001\n192.168.254.8\t2001:db8::9\t1700001002\n")},
	{"reports-events",
	 BYTES("{\"time\": \"2026-11-26T18:00:00.123456Z\", \"event\": \"assigned\", \"ipv4\": "
	       "\"192.168.254.7\", \"ipv6\": \"2001:db8::7\", \"prefix\": \"64:ff9b::/96\"}\n"
	       "{\"time\": \"2026-11-26T18:00:01.123456Z\", \"event\": \"ended\", \"ipv4\": "
	       "\"192.168.254.7\", \"ipv6\": \"2001:db8::7\", \"prefix\": \"64:ff9b::/96\"}\n")},
	{"reports-renewed",
	 BYTES("{\"time\": \"2026-11-26T18:00:00.1Z\", \"event\": \"renewed\", \"ipv4\": "
	       "\"192.168.254.7\", \"ipv6\": \"2001:db8::7\", \"prefix\": null, \"since\": "
	       "\"2026-11-26T17:00:00Z\", \"last_seen\": \"2026-11-26T17:59:00Z\", "
	       "\"confirmed\": true}\n")},
	{"escape", BYTES("status \033[2J\x7f")},
	{"nul", BYTES("status\0status")},
	{"utf8", BYTES("st\xc3\xa4tus \xe2\x82\xac \xf0\x9f\x98\x80 \xed\xa0\x80")},
	{"packet4", BYTES("\x45\0\0\x1c\0\0\x40\0\x40\x11\0\0\xc0\xa8\xff\3\x08\x08\x08\x08"
			  "\x04\xd2\0\x35\0\x08\0\0")},
	{"packet6", BYTES("\x60\0\0\0\0\x10\x2c\x40\x20\1\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\2"
			  "\0\x64\xff\x9b\0\0\0\0\0\0\0\0\x08\x08\x08\x08"
			  "\x3a\0\0\1\0\0\0\1\x80\0\0\0\0\1\0\1")},
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

/* Replaces a few bytes by others that occur in words, or copies bytes within the input. */
size_t replay_mutate(uint8_t *m, size_t len)
{
	static const char telling[] = " \t\r\n./:-0123456789abcdefgx\x7f\x80\xff";

	for (uint32_t n = 1 + replay_draw(6); n > 0; n--) {
		size_t at = replay_draw((uint32_t)len), from = replay_draw((uint32_t)len);

		m[at] = replay_draw(2) ? (uint8_t)telling[replay_draw(sizeof(telling))] : m[from];
	}
	return replay_draw(8) ? len : replay_draw((uint32_t)len + 1);
}
