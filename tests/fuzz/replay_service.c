/* replay_service - the seeds of fuzz_service: variables as systemd sets them, and wrong ones. */
#include <string.h>

#include "replay.h"

const unsigned replay_mutations = 2000;

static const struct {
	const char *name, *text;
} seeds[] = {
	{"nothing", "\n"},
	{"systemd", "NOTIFY_SOCKET=/notify\n"
		    "WATCHDOG_USEC=30000000\n"
		    "WATCHDOG_PID=$$\n"
		    "STATE_DIRECTORY=/var/lib/nat64d:/var/lib/other\n"
		    "RUNTIME_DIRECTORY=/run/nat64d:/run/other\n"},
	{"sockets", "LISTEN_PID=$$\nLISTEN_FDS=2\nLISTEN_FDNAMES=tun:control\n"},
	{"sockets-unnamed", "LISTEN_PID=$$\nLISTEN_FDS=3\nLISTEN_FDNAMES=::control:tun\n"},
	{"sockets-of-another", "LISTEN_PID=1\nLISTEN_FDS=2\nLISTEN_FDNAMES=tun:control\n"},
	{"sockets-many", "LISTEN_PID=$$\nLISTEN_FDS=4294967295\nLISTEN_FDNAMES=tun\n"},
	{"abstract", "NOTIFY_SOCKET=@nat64-fuzz-nobody\nWATCHDOG_USEC=1\n"},
	{"watchdog-long", "WATCHDOG_USEC=9223372036854775807\nNOTIFY_SOCKET=relative\n"},
	{"watchdog-odd", "WATCHDOG_USEC=-5 \nWATCHDOG_PID=\nRUNTIME_DIRECTORY=relative\n"},
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
