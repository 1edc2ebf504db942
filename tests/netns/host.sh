#!/usr/bin/env bash
# nat64-host up and down: down restores the state before up exactly, with nft and with iptables, even if up is interrupted, runs
# twice, or another program has changed something since.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables sysctl awk
host_topology
tool=("${shell[@]}" "$HOST")
up() { host "${tool[@]}" up "$@"; }
down() { host "${tool[@]}" down "$@"; }

# What must be as before: the rules of both kinds, without their counters, every switch, and no state.
sysctls() {
	in_router sh -c 'cd /proc/sys/net && grep -s . ipv4/ip_forward ipv[46]/conf/*/forwarding ipv[46]/conf/*/accept_redirects ipv6/conf/*/accept_ra'
}
rules() { in_router sh -c 'nft -s list ruleset; iptables-save; ip6tables-save' 2>/dev/null | sed 's/^#.*//; s/\[[0-9:]*\]//'; }
traces() { sysctls && rules && find "$T/run" -mindepth 1 -not -name 'xtables.lock'; }

# links DIRECTORY LINK=TARGET... : programs for a PATH without the others.
only() {
	local dir=$1 name
	shift
	mkdir -p "$dir"
	for name in sh awk basename cat chmod cksum cut dirname find grep head id ip mkdir paste printf readlink rm rmdir sed sleep sort stat \
		tail touch tr "$@"; do
		[ -e "$dir/${name%%=*}" ] || ln -s "$(command -v "${name#*=}")" "$dir/${name%%=*}"
	done
}

# without_nft DIRECTORY: the tool, with nothing but those programs to call.
without_nft() {
	sed "s|^PATH=.*|PATH=$1|; s|^lib=.*|lib=$(dirname "$HOST")/host|" "$HOST" >"$1/nat64-host"
	tool=("${shell[@]}" "$1/nat64-host")
}

in_router sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.accept_redirects=0
config 'map 10.9.9.9 2001:db8:2::2' >"$T/conf"
config 'map 100.64.1.0/24 2001:db8:3::/120' | sed 's/nat64/second/; s/192.168.255/192.168.254/; s/::64$/::65/' >"$T/second.conf"
# Rules of somebody else, so that the tables of iptables are there.
in_router iptables -t nat -A POSTROUTING -s 172.20.0.0/16 -j MASQUERADE 2>/dev/null
in_router sh -c 'for t in iptables ip6tables; do for c in FORWARD INPUT; do $t -I $c -j ACCEPT; $t -D $c -j ACCEPT; done; done' 2>/dev/null
in_router nft add table inet other

# --- there and back -------------------------------------------------------------------------------------------------

in_router sysctl -qw net.ipv6.conf.lan.forwarding=1
virgin=$(traces)

# round NAME BACKEND: up, up again, down, down again.
round() {
	local once
	shows "$1: up says what it did" "MASQUERADE ($2) for 192.168.255.0/24 10.9.9.9/32" up "$T/conf"
	same "$1: IPv4 and IPv6 are forwarded" "1 1" "$(in_router sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | paste -s -d ' ')"
	t "$1: there is a MASQUERADE" grep -qi "192.168.255.0/24.* masquerade" <<<"$(rules)"
	t "$1: there is a guard" grep -qi "64:ff9b::/96.* drop" <<<"$(rules)"
	t "$1: strangers are kept out" grep -qi "192.168.255.0/24.* drop" <<<"$(rules)"
	once=$(traces)
	shows "$1: up again" "$T/conf: up again: forwarding on" up "$T/conf"
	same "$1: twice is as once" "$once" "$(traces)"
	t "$1: down" down "$T/conf"
	same "$1: everything is as it was" "$virgin" "$(traces)"
	shows "$1: down again says so" "not up, nothing to undo" down "$T/conf"
	t "$1: and that is no failure" down "$T/conf"
}
round nft nft

only "$T/nft-variant" iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore
without_nft "$T/nft-variant"
round iptables iptables
t "iptables: each rule bears the comment" up "$T/conf"
same "iptables: no rule without" "" "$(in_router sh -c 'iptables-save; ip6tables-save' 2>/dev/null | grep -e '-[jA] nat64d_' | grep -v -- '--comment nat64d_')"
down "$T/conf" >/dev/null
if in_router iptables-legacy -t nat -L -n >/dev/null 2>&1; then
	only "$T/legacy" iptables=iptables-legacy iptables-save=iptables-legacy-save iptables-restore=iptables-legacy-restore \
		ip6tables=ip6tables-legacy ip6tables-save=ip6tables-legacy-save ip6tables-restore=ip6tables-legacy-restore
	in_router iptables-legacy -t filter -L -n >/dev/null 2>&1
	without_nft "$T/legacy"
	before=$(in_router iptables-legacy-save | sed 's/^#.*//; s/\[.*//')
	t "iptables-legacy: up" up "$T/conf"
	shows "iptables-legacy: there is a MASQUERADE" "-s 192.168.255.0/24 -m comment" in_router iptables-legacy-save
	t "iptables-legacy: up again" up "$T/conf"
	t "iptables-legacy: down" down "$T/conf"
	same "iptables-legacy: everything is as it was" "$before" "$(in_router iptables-legacy-save | sed 's/^#.*//; s/\[.*//')"
else
	skip "iptables-legacy" "the kernel has no legacy iptables"
fi
only "$T/bare"
without_nft "$T/bare"
virgin=$(traces)
shows "neither nft nor iptables: said" "neither nft nor iptables is installed" up "$T/conf"
t "neither nft nor iptables: a failure" fails up "$T/conf"
same "neither nft nor iptables: nothing changed" "$virgin" "$(traces)"
tool=("${shell[@]}" "$HOST")

# --- does it serve? -------------------------------------------------------------------------------------------------

start_nat64d && up "$T/conf" >/dev/null
t "with up, an IPv6-only host reaches IPv4" wait_for ping6 "$GOOGLE"
serve_udp
in_router ip route add 10.9.9.9 dev nat64
same "and is hidden, with a lease and with a private map" "2001:db8:2::1 8.8.8.1,2001:db8:2::2 8.8.8.1" "$(hosts 2 | paste -s -d ,)"
stop_nat64d
down "$T/conf" >/dev/null

# --- others -----------------------------------------------------------------------------------------------------------

virgin=$(traces)
up "$T/conf" >/dev/null
both=$(traces)
up "$T/second.conf" >/dev/null
t "two: the second has rules of its own" grep -q "192.168.254.0/24.* masquerade" <<<"$(rules)"
down "$T/second.conf" >/dev/null
same "two: down of the second leaves the first as it was" "$both" "$(traces)"
up "$T/second.conf" >/dev/null
down "$T/conf" >/dev/null
same "two: down of the first leaves forwarding to the second" 1 "$(in_router sysctl -n net.ipv4.ip_forward)"
t "two: down of the first leaves the rules of the second" grep -q "192.168.254.0/24.* masquerade" <<<"$(rules)"
down "$T/second.conf" >/dev/null
same "two: after both, everything is as it was" "$virgin" "$(traces)"

up "$T/conf" >/dev/null
in_router nft add rule inet other 2>/dev/null
in_router nft add chain inet other meanwhile
in_router sysctl -qw net.ipv4.conf.wan.forwarding=0
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=2
down "$T/conf" >/dev/null
t "meanwhile: rules of others stay" in_router nft list chain inet other meanwhile
same "meanwhile: what others have set stays" "0 2 0" \
	"$(in_router sysctl -n net.ipv4.conf.wan.forwarding net.ipv6.conf.wan.accept_ra net.ipv4.ip_forward | paste -s -d ' ')"
in_router nft delete chain inet other meanwhile
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=0

up "$T/conf" >/dev/null
in_router sysctl -qw net.ipv4.ip_forward=0
in_router sysctl -qw net.ipv4.ip_forward=1
in_router nft delete table ip "$(in_router nft list tables | sed -n 's/table ip \(nat64d_.*\)/\1/p')"
t "the table is gone: down all the same" down "$T/conf"
same "the table is gone: everything is as it was" "$virgin" "$(traces)"
up "$T/conf" >/dev/null
mv "$T/conf" "$T/conf.moved"
t "the configuration is gone: down all the same" down "$T/conf"
same "the configuration is gone: everything is as it was" "$virgin" "$(traces)"
mv "$T/conf.moved" "$T/conf"

ip -n "$R" addr add 2001:db8:9::1/64 dev wan
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=1
ip -n "$R" -6 route add default via 2001:db8:9::2 proto ra expires 300
shows "a default route by advertisement: up sees to it" "wan: accept_ra=2" up "$T/conf"
shows "a default route by advertisement: it stays" "default via 2001:db8:9::2" in_router ip -6 route show default
down "$T/conf" >/dev/null
same "a default route by advertisement: accept_ra is as it was" 1 "$(in_router sysctl -n net.ipv6.conf.wan.accept_ra)"
in_router sysctl -qw net.ipv6.conf.wan.accept_ra=0
ip -n "$R" -6 route flush default

# --- interrupted ------------------------------------------------------------------------------------------------------

virgin=$(traces)
# wrapper SIGNAL WHEN: an nft that sends its caller a signal before or after it has done its work, not when it is asked.
wrapper() {
	mkdir -p "$T/wrapped"
	cat >"$T/wrapped/nft" <<-END
		#!/bin/sh
		[ "\$1" != list ] || exec $(command -v nft) "\$@"
		[ $2 != before ] || { kill -$1 \$(cat /run/pid); sleep 0.1; }
		$(command -v nft) "\$@"
		status=\$?
		[ $2 != after ] || { kill -$1 \$(cat /run/pid); sleep 0.1; }
		exit \$status
	END
	chmod +x "$T/wrapped/nft"
}
# The shell that becomes the tool leaves its number.  What nohup or & had it ignore it could not trap.
interrupted_up() { host env --default-signal=HUP,INT,TERM PATH="$T/wrapped:$PATH" sh -c 'echo $$ >/run/pid; exec "$@"' sh "${tool[@]}" up "$T/conf"; }
for signal in TERM INT HUP; do
	for when in before after; do
		wrapper $signal $when
		out=$(interrupted_up 2>&1)
		same "$signal $when nft: exit status 130" 130 $?
		shows "$signal $when nft: said" "interrupted: nothing was changed" echo "$out"
		rm -f "$T/run/pid"
		same "$signal $when nft: nothing is left" "$virgin" "$(traces)"
	done
done
wrapper KILL after
interrupted_up >/dev/null 2>&1
rm -f "$T/run/pid"
t "KILL: down cleans up" down "$T/conf"
same "KILL: nothing is left" "$virgin" "$(traces)"
# shellcheck disable=SC2016 # for the other shell
printf '#!/bin/sh\n[ "$1" = list ] || exit 1\n' >"$T/wrapped/nft"
t "nft fails: so does up" fails interrupted_up
rm -f "$T/run/pid"
same "nft fails: nothing is left" "$virgin" "$(traces)"
# Whenever the signal comes, it is all or nothing.
bad=
for delay in 0.00 0.02 0.04 0.06 0.08 0.10 0.14 0.18 0.25; do
	# Not by a function: in the background that would be a shell, and the process id its own.
	ip netns exec "$R" sh -c "mount --bind '$T/run' /run && exec \"\$@\"" sh "${tool[@]}" up "$T/conf" >/dev/null 2>&1 &
	job=$!
	sleep "$delay"
	{ kill -TERM "$job" && wait "$job"; } 2>/dev/null
	[ "$(traces)" = "$virgin" ] || { rules | grep -q nat64d_ && down "$T/conf" >/dev/null && [ "$(traces)" = "$virgin" ]; } || bad+=" $delay"
	down "$T/conf" >/dev/null 2>&1
done
same "TERM at any time: all or nothing" "" "$bad"
for _ in 1 2 3 4; do up "$T/conf" >/dev/null & done
wait
t "four at once: up once" test "$(rules | grep -c 'table ip nat64d_')" = 1
down "$T/conf" >/dev/null
same "four at once: down once" "$virgin" "$(traces)"

# --- what must not get into a rule --------------------------------------------------------------------------------------

# Between the daemon's look at a map-file and whatever follows, somebody puts another one there.
mkdir "$T/theirs"
config "map-file $T/theirs/maps" >"$T/swapped.conf"
cat >"$T/swap" <<-END
	#!/bin/sh
	echo 'map 10.7.7.7 2001:db8:7::7' >"$T/theirs/maps"
	"$NAT64D" "\$@"
	status=\$?
	printf 'map 10.6.6.0/24,0.0.0.0/0;};add\ttable\tinet\tpwned;# 2001:db8::/64\n' >"$T/theirs/maps"
	exit \$status
END
chmod +x "$T/swap"
t "a map-file that is swapped meanwhile: up" env NAT64D="$T/swap" bash -c "$(declare -f in_router host up); R=$R T=$T; tool=(${tool[*]}); up $T/swapped.conf"
t "a map-file that is swapped meanwhile: the maps are those that were judged" grep -q 'elements = { 10.7.7.7 }' <<<"$(rules)"
t "a map-file that is swapped meanwhile: nothing else" fails grep -q -e pwned -e 10.6.6 <<<"$(rules)"
down "$T/swapped.conf" >/dev/null
same "a map-file that is swapped meanwhile: everything is as it was" "$virgin" "$(traces)"
# shellcheck disable=SC2016 # for the other shell
printf '%s\n' '#!/bin/sh' "cd '$T'; '$NAT64D' \"\$@\"" 'cat to' >"$T/odd"
chmod +x "$T/odd"
# odd DIRECTIVE LINE: what must not be believed, even from the daemon.
odd() {
	local out
	echo "$2" >"$T/to"
	out=$(NAT64D=$T/odd up "$T/second.conf" 2>&1)
	same "$2: refused" 1 $?
	shows "$2: said" "$1: its value cannot be used in a command" echo "$out"
	same "$2: nothing changed" "$virgin" "$(traces)"
}
odd tun-device 'tun-device nat64" accept; ip daddr "x'
odd tun-device 'tun-device nat64;reboot'
odd tun-device 'tun-device a234567890123456'
odd dynamic-pool 'dynamic-pool 10.0.0.0/24 masquerade'
odd dynamic-pool 'dynamic-pool 10.0.0.0/24 standby yes'
odd dynamic-pool 'dynamic-pool 10.0.0.999/24'
# shellcheck disable=SC2016 # not for this shell
odd dynamic-pool 'dynamic-pool $(reboot)/24'
odd prefix 'prefix 64:ff9b::/96,::/0'
odd prefix 'prefix 64:ff9b::/129'
odd ipv4-addr 'ipv4-addr 10.0.0.0.1'
odd map 'map 100.64.1.0/24 2001:db8:3::/120;'
odd translatable 'translatable yes no'
printf 'secret\n' >"$T/secret"
ln -sf "$T/secret" "$T/theirs/maps"
shows "a mistake in a map-file: where" "nat64-host: $T/swapped.conf: nat64d does not accept this configuration" up "$T/swapped.conf"
shows "a mistake in a map-file: the line" "$T/theirs/maps:1: to see what is wrong with this line, run: " up "$T/swapped.conf"
t "a mistake in a map-file: not what stands there" fails grep -q secret <<<"$(up "$T/swapped.conf" 2>&1 | sed "s|$T||g")"
rm -rf "$T/theirs"
# The directory of the leases is that of the service, and the configuration may be that of an instance.
mkdir "$T/state"
echo 'map 10.8.8.8' >"$T/state/pinned.map"
config | grep -v '^data-dir' >"$T/pins.conf"
out=$(STATE_DIRECTORY=$T/state up "$T/pins.conf" 2>&1)
shows "a mistake in pinned.map: the line" "$T/state/pinned.map:1: " echo "$out"
command=$(sed -n 's/.* run: //p' <<<"$out")
shows "a mistake in pinned.map: its command shows the mistake" "$T/state/pinned.map:1: map: " env -u STATE_DIRECTORY sh -c "${command:-false}"
rm -rf "$T/state"
for way in "chmod 777" "chmod 775" "chown 1234"; do
	mkdir -p "$T/run/nat64-host"
	$way "$T/run/nat64-host"
	out=$(up "$T/conf" 2>&1)
	same "$way /run/nat64-host: refused" 1 $?
	shows "$way /run/nat64-host: said" "may contain files of other users" echo "$out"
	rm -rf "$T/run/nat64-host"
done
mkdir "$T/elsewhere" && ln -s "$T/elsewhere" "$T/run/nat64-host"
t "a link as /run/nat64-host: refused" fails up "$T/conf"
rm -rf "$T/elsewhere" "$T/run/nat64-host"
(umask 0 && up "$T/conf") >/dev/null
same "umask 0: nobody else may write" "" "$(find "$T/run/nat64-host" -perm /022)"
down "$T/conf" >/dev/null
same "after all that, everything is as it was" "$virgin" "$(traces)"

# --- for the service --------------------------------------------------------------------------------------------------

t "--if-enabled: nothing unless NAT44=yes" host env NAT44=no "${tool[@]}" up --if-enabled "$T/conf"
same "--if-enabled: nothing changed" "$virgin" "$(traces)"
t "--if-changed: nothing, if it is not up" host env NAT44=yes "${tool[@]}" up --if-enabled --if-changed "$T/conf"
same "--if-changed: nothing changed" "$virgin" "$(traces)"
t "--if-enabled: up with NAT44=yes" host env NAT44=yes "${tool[@]}" up --if-enabled "$T/conf"
t "--if-enabled: it is up" grep -q "table ip nat64d_" <<<"$(rules)"
t "--if-enabled: down, even with NAT44=no since" host env NAT44=no "${tool[@]}" down --if-enabled "$T/conf"
same "--if-enabled: everything is as it was" "$virgin" "$(traces)"
host env NAT44=yes "${tool[@]}" up --if-enabled "$T/conf"
cp "$T/conf" "$T/kept"
echo 'dynamic-pool 10.99.0.0/24' >>"$T/conf"
host env NAT44=yes "${tool[@]}" up --if-enabled "$T/conf" >/dev/null
t "up again, with a pool more: it is hidden, too" grep -q "10.99.0.0/24" <<<"$(rules)"
changed() { host env NAT44=yes "${tool[@]}" up --if-enabled --if-changed "$T/conf"; }
same "--if-changed: nothing, if the configuration is the same" "" "$(changed)"
mv "$T/kept" "$T/conf"
shows "--if-changed: up again, if it is another one" "up again" changed
t "--if-changed: its pool is hidden no more" fails grep -q "10.99.0.0/24" <<<"$(rules)"
t "--if-enabled: an up after NAT44=no undoes it" host env NAT44=no "${tool[@]}" up --if-enabled "$T/conf"
same "--if-enabled: everything is as it was, too" "$virgin" "$(traces)"
up "$T/conf" >/dev/null
host env NAT44=no "${tool[@]}" up --if-enabled "$T/conf"
t "--if-enabled: such an up does not undo one by hand" grep -q "table ip nat64d_" <<<"$(rules)"
host env NAT44=yes "${tool[@]}" down --if-enabled "$T/conf"
t "--if-enabled: down does not undo an up by hand" grep -q "table ip nat64d_" <<<"$(rules)"
down "$T/conf" >/dev/null

# --- bad input ----------------------------------------------------------------------------------------------------------

# refused NAME STATUS TEXT COMMAND...
refused() {
	local name=$1 status=$2 text=$3 out
	shift 3
	out=$("$@" 2>&1)
	same "$name: exit status $status" "$status" $?
	shows "$name: said" "$text" echo "$out"
	same "$name: nothing changed" "$virgin" "$(traces)"
}
virgin=$(traces)
echo "prefixx 64:ff9b::/96" >>"$T/conf"
refused "a broken configuration" 1 "prefixx: unknown directive" up "$T/conf"
refused "no configuration" 1 "nat64-host: $T/none: no such file" up "$T/none"
refused "no configuration, down" 1 "nat64-host: $T/none: no such file" down "$T/none"
if to_others "$HOST"; then
	refused "not root" 1 "needs root: sudo nat64-host up" setpriv --reuid 65534 --clear-groups "${tool[@]}" up "$T/second.conf"
else
	skip "not root" "$HOST is nothing that another user may read"
fi
refused "no command" 2 "give a command: init, up, down or check" host "${tool[@]}"
refused "a wrong command" 2 "unknown command \`upp'" host "${tool[@]}" upp
refused "a wrong option" 2 "unknown option \`--forced'" host "${tool[@]}" up --forced
refused "two configurations" 2 "unexpected argument" host "${tool[@]}" up "$T/conf" "$T/second.conf"
refused "a target that is no address" 2 "--target must be an IPv4 address" host "${tool[@]}" check --target 8.8.8
shows "--help" "usage: nat64-host init" "${tool[@]}" --help
finish
