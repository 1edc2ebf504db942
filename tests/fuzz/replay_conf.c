/* replay_conf - the seeds of fuzz_conf: configurations with every directive, right and wrong. */
#include <string.h>

#include "replay.h"

#define BASE                    \
	"tun-device nat64\n"    \
	"ipv4-addr 192.0.2.1\n" \
	"ipv6-addr 2001:db8::1\n"

const unsigned replay_mutations = 600;

static const struct {
	const char *name, *text;
} seeds[] = {
	{"nothing", "# nothing\n"},
	{"small", BASE "prefix 64:ff9b::/96\ndynamic-pool 192.0.2.128/25\n"},
	{"maps", BASE "prefix 2001:db8:64::/96\n"
		      "map 198.51.100.1 2001:db8:1::1\n"
		      "map 198.51.100.16/28 2001:db8:1::10/124\n"
		      "map-file more.map\n"
		      "%%\n"
		      "map 198.51.100.2 2001:db8:1::2 # a comment\n"
		      "\n"
		      "map 203.0.113.0/24 2001:db8:2::/64\r\n"
		      "%%\n"
		      "map 198.51.100.3 2001:db8:1::3\n"
		      "map 198.51.100.4 2001:db8:1::4\n"
		      "map 198.51.100.5/32 2001:db8:1::5/128\n"},
	{"only-pin", BASE "# no prefix, no pool and no other map\n"
			  "%%\n"
			  "%%\n"
			  "map 198.51.100.3 2001:db8:1::5\n"},
	{"map-file-wrong", BASE "prefix 64:ff9b::/96\nmap-file more.map\n"
				"%%\n"
				"\xef\xbb\xbfmap 198.51.100.1 2001:db8:1::1\n"
				"map 198.51.100.1 2001:db8:1::2\n"
				"tun-up yes\n"
				"%%\n"
				"prefix 64:ff9b::/96\n"},
	{"pools", BASE "prefix 64:ff9b:1::/64\n"
		       "prefix 2001:db8:64::/96\n"
		       "dynamic-pool 192.0.2.128/25 from 2001:db8::/32 lease 2h 14d share 64 2\n"
		       "dynamic-pool 198.51.100.0/24 from 2001:db8:1::/48 lease 10m\n"
		       "dynamic-pool 203.0.113.0/24\n"
		       "data-dir /var/lib/nat64d\n"
		       "pool-key pool.key\n"
		       "lease-log 30 500\n"},
	{"roles", BASE "prefix 64:ff9b::/96\n"
		       "dynamic-pool 192.0.2.128/25\n"
		       "dynamic-pool 198.51.100.0/24 standby\n"
		       "dynamic-pool 203.0.113.0/24 standby from 2001:db8::/32\n"
		       "%%\n"
		       "%%\n"
		       "%%\n"
		       "# by hand\n"
		       "198.51.100.0/24 owner 17\n"
		       "192.0.2.128/25 standby 9223372036854775807\n"
		       "198.51.100.128/25 owner -\n"},
	{"access", BASE "prefix 64:ff9b::/96\n"
			"dynamic-pool 192.0.2.128/25\n"
			"allow 2001:db8::/32\n"
			"allow fd00::1\n"
			"translatable 192.0.2.0/26 198.51.100.1\n"
			"deny 10.0.0.0/8\n"
			"deny 192.168.1.1\n"
			"wkpf-strict no\n"},
	{"translator", BASE "prefix 64:ff9b::/96\n"
			    "udp-cksum-mode fwd\n"
			    "offlink-mtu 1500\n"
			    "tos ignore 4to6\n"
			    "tos copy 6to4\n"
			    "mss-clamp auto\n"
			    "icmp-source-pool 192.0.2.16/28\n"
			    "icmp-node-id no\n"
			    "icmp-errors limit\n"
			    "icmp-rate 500 20\n"
			    "log drop reject icmp\n"
			    "log self lease\n"},
	{"system", BASE "prefix 64:ff9b::/96\n"
			"control /run/nat64d/control\n"
			"control-group adm\n"
			"tun-up yes\n"
			"tun-setup yes\n"
			"offload off\n"
			"fast-path auto 4096\n"
			"tun-queue 1000\n"
			"tun-mtu 1480\n"
			"tun-ip 192.0.2.1\n"
			"tun-ip 2001:db8::1/64\n"
			"tun-route 192.0.2.0/24\n"
			"tun-route 64:ff9b::/96\n"
			"strict-frag-hdr yes\n"
			"workers 4\n"},
	{"spelling", BASE "perfix 64:ff9b::/96\n"
			  "tun up yes\n"
			  "tun-up=yes\n"
			  "map 192.0.2.5\n"
			  "dynamic-pool 192.0.2.129/25\n"
			  "lease-log 0 0 0\n"
			  "mss-clamp 70000\n"},
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
