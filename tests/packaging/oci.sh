#!/usr/bin/env bash
# The program that starts the container image, as process 1 of a file system that is read-only: the environment becomes a
# configuration, NAT44 is set up, packets pass, signals and exit statuses are those of the daemon.  tests/long/oci.sh builds
# the images.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
need nft setpriv unshare busybox sed
topology
mkdir -p "$T/bin" "$T/etc" "$T/lib/run"
cp "$NAT64D" "$NAT64CTL" "$T/bin/"
sed "s|^lib=.*|lib=$top/contrib/host|" "$top/contrib/nat64-host" >"$T/bin/nat64-host"
sed "s|^sysconfdir=.*|sysconfdir=$T/etc|; s|^state=.*|state=$T/lib/state|; s|^user=.*|user=nobody|; s|\$user:\$user|nobody|
	s|--regid \"\$user\"|--regid \"\$(id -g nobody)\"|" "$top/contrib/packaging/oci/entrypoint.sh" >"$T/bin/nat64-container"
chmod +x "$T/bin/nat64-container" "$T/bin/nat64-host"
# The server knows no route to the pool: without NAT44 nothing comes back.
ip -n "$S" route del default

few=net_admin,bpf more=net_admin,bpf,setuid,setgid,setpcap
# container RIGHTS [NAME=VALUE...]: starts it in the background.
container() {
	rights=-all,+${1//,/,+}
	shift
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$R" unshare --mount --pid --fork --kill-child --mount-proc env PATH="$T/bin:$PATH" "$@" sh -c '
		mount -t tmpfs tmpfs /run && mount -o bind,nosuid "$1" "$1" && mount -o remount,bind,ro "$1" && mount -o remount,bind,ro / &&
			{ [ ! -d "$2" ] || { mount -t tmpfs tmpfs "$2" && chown nobody "$2"; }; } &&
			exec setpriv --bounding-set="$3" --inh-caps="$3" '"${ash:-sh}"' "$1/bin/nat64-container"' \
		sh "$T" "$T/lib/state" "$rights" </dev/null >"$T/said" 2>&1 &
	PID=$!
}
inner() { pgrep -P "$PID"; }
within() { nsenter -t "$(inner)" -m -p -r -w env PATH="$T/bin:$PATH" setpriv --bounding-set="$rights" --inh-caps="$rights" "$@"; }
# shellcheck disable=SC2317 # by way of wait_for
passes() { ping6 -I "2001:db8:2::$1" "$GOOGLE"; }
# ends NAME SIGNAL: one point, ok if the container ends with 0.
ends() {
	kill "-$2" "$(inner)"
	wait_for ended "$PID"
	wait "$PID" 2>/dev/null
	same "$1" 0 $?
	PID=""
}
# refused NAME TEXT RIGHTS [NAME=VALUE...]: one point, ok if it ends at once with 1 and TEXT.
refused() {
	local name=$1 text=$2 status
	shift 2
	container "$@"
	wait_for ended "$PID"
	wait "$PID" 2>/dev/null
	status=$?
	PID=""
	if [ "$status" -eq 1 ] && grep -qF -e "$text" "$T/said"; then ok "$name"; else not_ok "$name" "status $status" "$(cat "$T/said")"; fi
}

# --- few rights ------------------------------------------------------------------------------------------------------

container "$few"
t "NAT64 and NAT44 without any setting" wait_for passes 1
shows "leases are not kept: told" "leases end with the container" cat "$T/said"
shows "the root directory is read-only" "Read-only" within sh -c 'touch /etc/x 2>&1'
shows "it is process 1" "NSpid:	$(inner)	1" cat "/proc/$(inner)/status"
t "health" within "$T/bin/nat64-container" health
ends "SIGTERM ends it with 0" TERM
t "and the device has gone" fails link_exists nat64

# --- another user ------------------------------------------------------------------------------------------------------

mkdir "$T/lib/state"
ash="busybox ash" container "$more" NAT64_PREFIX="2001:db8:64::/96 64:ff9b::/96" NAT64_POOL="100.64.0.0/24 100.64.9.0/24" \
	NAT64_MAP="192.0.2.10=2001:db8:2::10 192.0.2.11=2001:db8:2::11" NAT64_ALLOW="2001:db8:2::/64" NAT64_DENY=10.0.0.0/8 \
	NAT64_DIRECTIVES="mss-clamp auto
icmp-rate 200 10"
t "two prefixes, pools and maps" wait_for passes 1
conf=$(within cat /run/nat64d/nat64.conf)
for line in "ipv4-addr 100.64.0.1" "prefix 2001:db8:64::/96" "dynamic-pool 100.64.9.0/24" "map 192.0.2.11 2001:db8:2::11" \
	"allow 2001:db8:2::/64" "deny 10.0.0.0/8" "icmp-rate 200 10"; do
	t "configuration: $line" grep -qx "$line" <<<"$conf"
done
shows "the daemon has no rights" "CapPrm:	0000000000000000" cat "/proc/$(inner)/status"
same "and is another user" "$(id -u nobody)" "$(awk '/^Uid:/ { print $2 }' "/proc/$(inner)/status")"
t "leases are kept" within test -e "$T/lib/state/dynamic.map"
t "health, as that user" within "$T/bin/nat64-container" health
shows "strangers are refused" "Destination unreachable" in_client ping -6 -n -c 1 -W 1 "$GOOGLE"
ends "SIGINT ends it with 0" INT

# --- a file, and mistakes ----------------------------------------------------------------------------------------------

refused "a wrong setting names the line" "nat64.conf:4: prefix:" "$few" NAT64_PREFIX=64:ff9b::/97
refused "no pool and no address" "NAT64_IPV4_ADDR is needed" "$few" NAT64_POOL=
refused "NAT64_NAT44" "is yes or no" "$few" NAT64_NAT44=maybe
refused "no CAP_NET_ADMIN" "--cap-add NET_ADMIN" bpf
config "tun-setup yes" "log drop" | sed '/^data-dir/d' >"$T/etc/nat64.conf"
refused "a file and a setting" "must go: NAT64_PREFIX NAT64_ALLOW" "$few" NAT64_PREFIX=64:ff9b::/96 NAT64_ALLOW=::/0
in_router nft flush ruleset
container "$few" NAT64_NAT44=no
t "a mounted file" wait_for within "$T/bin/nat64-container" health
same "without NAT44 there are no rules" "" "$(in_router nft list ruleset)"
kill -HUP "$(inner)"
t "SIGHUP reads the file again" wait_for grep -q 'reread\|reload' "$T/said"
ends "it ends" TERM
finish
