#!/usr/bin/env bash
# The protocol handler of OpenWrt under busybox ash: the options become a configuration that nat64d takes, netifd hears of
# the device and its routes, packets pass, and teardown leaves nothing.  netifd is made up here; the daemon is not.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)
package=$top/contrib/packaging/openwrt/files
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
need busybox setpriv
getent passwd nobody >/dev/null || skip_all "needs a user nobody"
topology
mkdir -p "$T/run" "$T/etc" "$T/netifd/proto" "$T/bin" "$T/calls"
chown nobody "$T/run"
ln -s "$NAT64D" "$T/bin/nat64d"

# As installed, but in places of this test, and with a user that there is.
sed "s|^nat64d_run=.*|nat64d_run=$T/run/nat64d|; s|^nat64d_key=.*|nat64d_key=$T/etc/nat64d/pool.key|
	s|^nat64d_user=.*|nat64d_user=nobody|; s|:\$nat64d_user||" "$package/nat64d.sh" >"$T/netifd/proto/nat64d.sh"
cat >"$T/bin/logger" <<-END
	#!/bin/sh
	echo "\$*" >>"$T/logger"
END
chmod +x "$T/bin/logger"

# netifd: the options of an interface are "NAME VALUE" lines, several of one name are a list.  What the handler asks for is
# written down, and done when the handler has ended, as netifd does it.
cat >"$T/netifd/netifd-proto.sh" <<-'END'
	init_proto() { verb=$2 interface=$3 options=$4; }
	add_protocol() {
		case $verb in
		dump) proto_$1_init_config && echo "device $no_device, available $available" ;;
		*) proto_$1_$verb "$interface" "" ;;
		esac
	}
	value() { sed -n "s/^$1 //p" "$options"; }
	json_get_vars() { for name; do eval "$name=\$(value $name | tail -n 1)"; done; }
	json_for_each_item() {
		callback=$1 name=$2
		shift 2
		value "$name" >"$calls/items.$name"
		[ -s "$calls/items.$name" ] || "$callback" "" "" "$@"
		while read -r item; do "$callback" "$item" 1 "$@"; done <"$calls/items.$name"
	}
	record() { file=$1 && shift && echo "$*" >>"$calls/$file"; }
	json_add_string() { record data "$@"; }
	for call in config_add_string config_add_array config_add_boolean init_update add_ipv4_address add_ipv6_address \
		add_ipv4_route add_ipv6_route add_data close_data send_update run_command kill_command notify_error block_restart; do
		eval "proto_$call() { record $call \"\$@\"; }"
	done
END

# handler VERB [OPTIONS]
handler() {
	rm -rf "$T/calls" && mkdir "$T/calls"
	(cd "$T/netifd/proto" && in_router env -u INCLUDE_ONLY PATH="$T/bin:$PATH" calls="$T/calls" \
		busybox ash ./nat64d.sh nat64d "$1" lan64 "$T/${2:-options}") >"$T/said" 2>&1
}
called() { cat "$T/calls/$1" 2>/dev/null; }

# netifd_does: addresses, routes and the program that it was told of.
netifd_does() {
	local dev a b
	read -r dev _ <"$T/calls/init_update"
	ip -n "$R" link set "$dev" up
	while read -r a b; do ip -n "$R" addr add "$a/$b" dev "$dev"; done < <(called add_ipv4_address; called add_ipv6_address)
	while read -r a b; do ip -n "$R" route add "$a/$b" dev "$dev"; done < <(called add_ipv4_route; called add_ipv6_route)
	read -r _ _ a <"$T/calls/run_command"
	# shellcheck disable=SC2086 # a list of words
	ip netns exec "$R" "$NAT64D" ${a/--syslog/--stdout} </dev/null >>"$LOG" 2>&1 &
	PID=$!
	wait_for link_running "$dev"
}

same "the package has the version of configure.ac" "$(sed -n 's/^AC_INIT(\[nat64d\], \[\(.*\)\])$/\1/p' "$top/configure.ac")" \
	"$(sed -n 's/^PKG_VERSION:=//p' "$package/../Makefile")"

# --- the options that tayga has -------------------------------------------------------------------------------------

handler dump
shows "netifd learns of the protocol" "device 1, available 1" cat "$T/said"
same "the options of tayga are there, and ours" \
	"ipv4_addr ipv6_addr map_ipv4 map_ipv6 ipaddr ip6addr:ip6addr data_dir zone prefix dynamic_pool map allow deny directive noroutes" \
	"$(cat "$T/calls/config_add_string" "$T/calls/config_add_array" "$T/calls/config_add_boolean" | paste -sd ' ')"

cat >"$T/options" <<-END
	ipv4_addr 192.168.255.1
	ipv6_addr $OWN6
	prefix 64:ff9b::/96
	dynamic_pool 192.168.255.0/24
	map_ipv4 192.0.2.10
	map_ipv6 2001:db8:2::10
	ip6addr 2001:db8:64::1
	zone lan
END
handler setup
same "setup says nothing" "" "$(cat "$T/said" "$T/logger" 2>/dev/null)"
same "the device is that of the interface" "nat64-lan64 1" "$(called init_update)"
same "routes of IPv4" "192.168.255.1 32, 192.0.2.10 32, 192.168.255.0 24" "$(called add_ipv4_route | paste -sd , | sed 's/,/, /g')"
same "routes of IPv6" "$OWN6 128, 64:ff9b:: 96" "$(called add_ipv6_route | paste -sd , | sed 's/,/, /g')"
same "an address" "2001:db8:64::1 128" "$(called add_ipv6_address)"
same "the zone" "zone lan" "$(called data)"
t "the configuration is fine" in_router "$NAT64D" -t -u nobody -c "$T/run/nat64d/lan64.conf"
t "a secret has been made" grep -Eqx '[0-9a-f]{32}' "$T/etc/nat64d/pool.key"
netifd_does
t "ping" wait_for ping6 -I 2001:db8:2::1 "$GOOGLE"
t "ping to a mapped host" ping4 192.0.2.10
t "the daemon can be asked" in_router "$NAT64CTL" -s "$T/run/nat64d/lan64/control" health
shows "the daemon has no rights" "CapPrm:	0000000000000000" cat "/proc/$PID/status"

# The process ends as netifd ends it, while teardown waits.
(sleep 0.3 && kill "$PID") &
disown
handler teardown
wait "$PID" 2>/dev/null
PID=""
same "teardown ends the daemon" lan64 "$(called kill_command)"
t "teardown removes the device" fails link_exists nat64-lan64
same "teardown leaves the leases alone" "lan64/dynamic.map" "$(cd "$T/run/nat64d" && find . -type f -name '*.map' -o -name '*.conf' -o -name '*.pid' | sed 's|^./||')"

# --- lists, and everything else ---------------------------------------------------------------------------------------

cat >"$T/lists" <<-END
	ipv4_addr 192.168.255.1
	prefix 64:ff9b::/96
	prefix 2001:db8:64::/96
	dynamic_pool 192.168.255.0/24 from 2001:db8:2::/64 lease 2h 1d share 128 8
	dynamic_pool 100.64.0.0/24
	map 192.0.2.10 2001:db8:2::10
	map 192.0.2.11 2001:db8:2::11
	allow 2001:db8:2::/48
	allow ::/0
	deny 10.0.0.0/8
	directive mss-clamp auto
	directive icmp-source-pool 192.168.254.0/28
	noroutes 1
END
# As netifd splits "option".
sed 's/ / \n/' "$T/lists" | sed '$!N; s/ \n/ /' | awk '$1 ~ /^(dynamic_pool|map|allow|prefix)$/ { for (i = 2; i <= NF; i++) print $1, $i; next } 1' >"$T/split"
handler setup lists
same "noroutes" "" "$(called add_ipv4_route)$(called add_ipv6_route)"
cp "$T/run/nat64d/lan64.conf" "$T/first"
in_router "$NAT64D" -T -c "$T/first" >"$T/canonical"
for line in "prefix 2001:db8:64::/96" "dynamic-pool 100.64.0.0/24" "map 192.0.2.11 2001:db8:2::11" "allow ::/0" "deny 10.0.0.0/8" \
	"mss-clamp auto" "icmp-source-pool 192.168.254.0/28"; do
	t "list: $line" grep -qx "$line" "$T/canonical"
done
t "list: the words of a pool" grep -q '^dynamic-pool 192.168.255.0/24 from 2001:db8:2::/64 lease 2h 1d share 128 8' "$T/canonical"
handler teardown
handler setup split
same "words and lists are the same" "$(sed 's/ *$//; /^$/d' "$T/first")" "$(sed 's/ *$//; /^$/d' "$T/run/nat64d/lan64.conf")"
handler teardown
t "teardown removes the device that had no daemon" fails link_exists nat64-lan64

# --- mistakes --------------------------------------------------------------------------------------------------------

echo "prefix 64:ff9b::/96" >"$T/none"
handler setup none
shows "no ipv4_addr" REQUIRED_PARAMETERS_MISSING called notify_error
printf '%s\n' "ipv4_addr 192.168.255.1" "prefix 64:ff9b::/97" >"$T/wrong"
handler setup wrong
shows "a wrong prefix is named to netifd" "INVALID_CONFIGURATION" called notify_error
shows "a wrong prefix is in the log" "lan64.conf:3: prefix:" cat "$T/logger"
same "netifd waits for a change" lan64 "$(called block_restart)"
same "netifd is told of no device" "" "$(called init_update)"
t "and there is none" fails link_exists nat64-lan64

# --- the service -----------------------------------------------------------------------------------------------------

# The library of init scripts: /etc/config/nat64d has two sections, one of them enabled.
sed "s|/var/run/nat64d|$T/run/service|; s|/usr/sbin/|$T/bin/|; s|nat64d:nat64d|nobody|; s|-u nat64d|-u nobody|" "$package/nat64d.init" >"$T/init"
cat >"$T/service" <<-END
	config_load() { :; }
	config_foreach() { \$1 main; \$1 other; }
	config_get_bool() { [ "\$2" = main ]; eval "\$1=\$((! \$?))"; }
	config_get() { eval "\$1=$T/conf"; }
	for call in open_instance set_param close_instance; do eval "procd_\$call() { echo \$call \"\\\$@\"; }"; done
	. "$T/init"
	start_service
END
service() { PATH=$T/bin:$PATH busybox ash "$T/service"; }
config "tun-setup yes" "log nonsense" >"$T/conf"
same "the service does not start with a mistake" "" "$(service)"
shows "and says which" "main: not started: $T/conf:8: log:" cat "$T/logger"
config "tun-setup yes" | sed '/^data-dir/d' >"$T/conf"
service >"$T/procd"
same "the service is one instance" "open_instance main" "$(grep open_instance "$T/procd")"
read -r -a line < <(sed -n 's/^set_param command //p' "$T/procd")
read -r -a env < <(sed -n 's/^set_param env //p' "$T/procd")
ip netns exec "$R" env "${env[@]}" "${line[@]}" </dev/null >>"$LOG" 2>&1 &
PID=$!
t "ping through it" wait_for ping6 -I 2001:db8:2::1 "$GOOGLE"
t "it can be asked" "$NAT64CTL" -s "$T/run/service-main/control" health
stops "it stops"
finish
