#!/usr/bin/env bash
# `nat64ctl export': the leases in the format of dynamic.map.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# --- export -----------------------------------------------------------------------------------------------------------

config 'prefix 2001:db8:64::/96' >"$T/conf"
start_nat64d || finish
ip -n "$R" -6 route replace 2001:db8:64::/96 dev nat64
same "export: nobody has a lease" "" "$(ctl export)"
serve_udp
hosts 20 >"$T/hosts"
ping6 -I 2001:db8:2::1 $GOOGLE >/dev/null # once more, so that it is confirmed
ping6 -I 2001:db8:2::2 2001:db8:64::808:808 >/dev/null
ctl export >"$T/export"
same "export: a line for each lease" 21 "$(grep -vc '^#' "$T/export")"
same "export: with the prefix" "20 64:ff9b::/96 1 2001:db8:64::/96" \
	"$(grep -v '^#' "$T/export" | cut -f 4 | sort | uniq -c | sort -rn | xargs)"
same "export: since when, for each" 21 "$(grep -c '^# since [0-9]*$' "$T/export")"
same "export: who is unconfirmed" 20 "$(grep -c '^# unconfirmed$' "$T/export")"
same "export: nothing else" "" "$(grep -vP '^(# since \d+|# unconfirmed|[0-9.]+\t[0-9a-f:]+\t\d+\t[0-9a-f:]+/96)$' "$T/export")"
same "export: the hosts and addresses of leases" \
	"$(ctl leases --json | each 'it["ipv4"] + " " + it["ipv6"] + " " + it["prefix"]' | sort)" \
	"$(grep -v '^#' "$T/export" | awk '{ print $1, $2, $4 }' | sort)"
same "export: in the order of addresses, if there are not more than 256" \
	"$(grep -v '^#' "$T/export" | cut -f 1 | sort -t . -n -k 4)" "$(ctl export 192.168.255.0/24 | grep -v '^#' | cut -f 1)"
one=$(sed -n 's/^2001:db8:2::7 //p' "$T/hosts")
same "export of an address" "2001:db8:2::7" "$(ctl export "$one" | grep -v '^#' | cut -f 2)"
same "export of a host: a line for each prefix" 2 "$(ctl export 2001:db8:2::2 | grep -vc '^#')"
same "export of a part" "$(ctl leases 192.168.255.64/26 --json | wc -l)" "$(ctl export 192.168.255.64/26 | grep -vc '^#')"
same "export of addresses without a pool" "" "$(ctl export 10.0.0.0/24)"
exits "export of host bits: usage" 2 "(did you mean 192.168.255.0/24?)" ctl export 192.168.255.1/24
exits "export in JSON: usage" 2 "for JSON, use leases --json" ctl export --json
same "export: others may read" 21 "$(chmod 755 "$T/run" && chmod 666 "$SOCKET" && as_other export | grep -vc '^#')"
ctl export | grep -v '^#' | sort >"$T/export"
stop_nat64d
same "export: the lines that a stop writes" "$(cat "$T/export")" "$(grep -v '^#' "$T/data/dynamic.map" | sort)"

now=$(date +%s)
for i in {1..6000}; do printf '10.64.%d.%d\t2001:db8:5::%x\t%d\n' $((i / 256)) $((i % 256)) "$i" "$now"; done >"$T/data/dynamic.map"
config 'dynamic-pool 10.64.0.0/16' >"$T/conf"
start_nat64d || finish
same "export of 6000 leases: each once" "6000 6000" "$(ctl export | grep -v '^#' | cut -f 1 | tee "$T/all" | wc -l) $(sort -u "$T/all" | wc -l)"
stop_nat64d
finish
