#!/usr/bin/env bash
# Failed starts: one line names the cause, the exit status is 1, and nothing is changed.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need setpriv
topology

# refused NAME TEXT COMMAND...: exit status 1, one line on standard error that holds TEXT, no device.
refused() {
	local name=$1 text=$2 status err
	shift 2
	err=$(timeout 10 "$@" 2>&1 >/dev/null </dev/null)
	status=$?
	if [ $status -eq 1 ] && [[ $err == *"$text"* ]] && [ "$(wc -l <<<"$err")" -eq 1 ] && ! link_exists nat64 &>/dev/null; then
		ok "$name"
	else
		not_ok "$name" "wanted: status 1 and one line with: $text" "status $status, output:" "$err"
		ip -n "$R" link del nat64 2>/dev/null
	fi
}

bad() {
	local name=$1 text=$2
	shift 2
	config "$@" >"$T/bad"
	refused "$name" "$text" ip netns exec "$R" "$NAT64D" --nodetach -c "$T/bad"
}

bad "an unknown directive" "$T/bad:7: colour" 'colour blue'
bad "a prefix length that RFC 6052 does not have" "$T/bad:7: prefix" 'prefix 2001:db8::/33'
bad "host bits" "$T/bad:7: dynamic-pool" 'dynamic-pool 10.0.0.1/24'
bad "a map given twice" "$T/bad:8: map" 'map 192.0.2.1 2001:db8::1' 'map 192.0.2.1 2001:db8::2'
bad "an IPv6 suffix shorter than the IPv4 suffix" "$T/bad:7: map" 'map 192.0.2.0/24 2001:db8::/128'
bad "a pool that overlaps another" "$T/bad:7: dynamic-pool" 'dynamic-pool 192.168.255.0/25'
bad "a number out of range" "$T/bad:7: offlink-mtu" 'offlink-mtu 70000'
bad "a directive without its value" "$T/bad:7: prefix" 'prefix'
config 'colour blue' 'prefix 2001:db8::/33' 'map x y' >"$T/bad"
same "three mistakes, each named by its line" "7 8 9" \
	"$(in_router "$NAT64D" --nodetach -c "$T/bad" 2>&1 | awk -F: -v f="$T/bad" '$1 == f { print $2 }' | sort -u | paste -sd " ")"
refused "no configuration file" "$T/absent" ip netns exec "$R" "$NAT64D" --nodetach -c "$T/absent"

config >"$T/conf"
sed "s|^data-dir.*|data-dir $T/missing|" "$T/conf" >"$T/bad"
refused "a data-dir that is not there" "$T/bad:6: data-dir: $T/missing does not exist (create it: install -d -o " \
	ip netns exec "$R" "$NAT64D" --nodetach -c "$T/bad"
refused "a data-dir that is not there, and is to be the root" "$T/bad:6: data-dir: $T/missing does not exist (create it: install -d -o " \
	ip netns exec "$R" "$NAT64D" --nodetach --chroot -c "$T/bad"
sed '/^data-dir/d; /^dynamic-pool/d' "$T/conf" >"$T/none"
refused "no data-dir to be the root" "$T/none: data-dir: missing; --chroot needs it as the new root directory" \
	ip netns exec "$R" "$NAT64D" --nodetach --chroot -c "$T/none"
sed /^data-dir/d "$T/conf" >"$T/none"
refused "a data-dir from the environment that is not there" "$T/none: data-dir: $T/missing does not exist (create it: install -d -o " \
	env STATE_DIRECTORY="$T/missing" ip netns exec "$R" "$NAT64D" --nodetach -c "$T/none"
long=/$(printf '%0200d/' 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
sed "s|^data-dir.*|data-dir $long|" "$T/conf" >"$T/bad"
refused "a data-dir with a name that is very long" "0/ does not exist (create it: install -d -o " \
	ip netns exec "$R" "$NAT64D" --nodetach -c "$T/bad"
sed "s|^data-dir.*|data-dir $long$long|" "$T/conf" >"$T/bad"
refused "a data-dir with a name that is too long" "$T/bad:6: data-dir: /0000" \
	ip netns exec "$R" "$NAT64D" --nodetach -c "$T/bad"
touch "$T/file"
sed "s|^data-dir.*|data-dir $T/file|" "$T/conf" >"$T/bad"
refused "a data-dir that is a file" "$T/bad:6: data-dir: $T/file is not a directory" \
	ip netns exec "$R" "$NAT64D" --nodetach -c "$T/bad"
cp "$NAT64D" "$T/nat64d"
# Whoever may write nowhere and may make no device.
chmod 755 "$T/data"
refused "without privileges" "nat64" ip netns exec "$R" setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all "$T/nat64d" --nodetach -c "$T/conf"
refused "an unknown user" "no-such-user" ip netns exec "$R" "$NAT64D" --nodetach -u no-such-user -c "$T/conf"
in_router "$NAT64D" --no-such-option >/dev/null 2>&1
same "an unknown option: exit status 1" 1 $?
in_router "$NAT64D" --help >"$T/out" 2>&1
same "--help: exit status 0" 0 $?
t "-t accepts what is right" in_router "$NAT64D" -t -c "$T/conf"
config 'colour blue' >"$T/bad"
t "-t refuses what is wrong" fails in_router "$NAT64D" -t -c "$T/bad"
t "-T prints a configuration" in_router "$NAT64D" -T -c "$T/conf"
in_router "$NAT64D" -T -c "$T/conf" >"$T/canonical"
in_router "$NAT64D" -T -c "$T/canonical" >"$T/canonical2"
t "-T of what -T printed is the same" cmp "$T/canonical" "$T/canonical2"
t "none of these made a device" fails link_exists nat64

start_nat64d || finish
err=$(timeout 10 ip netns exec "$R" "$NAT64D" --nodetach -c "$T/conf" 2>&1 >/dev/null)
same "a second daemon on the device or data-dir: exit status 1" 1 $?
same "in one line" 1 "$(wc -l <<<"$err")"
t "while the first goes on" ping6 "$GOOGLE"
stop_nat64d
finish
