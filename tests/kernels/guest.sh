#!/bin/bash
# The checks inside of the guest: traffic of every kind, in each way that nat64d can take it; what a killed daemon leaves
# behind; and the programs that somebody has put there.
here=$(dirname "$0")
# shellcheck source=tests/netns/lib.sh
. "$here/../netns/lib.sh"
export NAT64D=/tree/nat64d NAT64CTL=/tree/nat64ctl CK_DEFAULT_TIMEOUT=1800
guest=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/kernels/traffic.sh
. "$guest/traffic.sh"
# shellcheck source=tests/kernels/remains.sh
. "$guest/remains.sh"
# shellcheck source=tests/kernels/programs.sh
. "$guest/programs.sh"

# knows LINE: does nat64d know this line of a configuration?
knows() {
	config "$1" >"$T/line"
	"$NAT64D" -t -c "$T/line" >/dev/null 2>&1
}

# complaints: what the kernel has said since the beginning that it should not have had to say.
complaints() {
	dmesg | sed '1,/the checks begin/d' | grep -E 'WARNING|BUG|Oops|Call Trace|csum failure|refcount|unregister_netdevice'
}

# wanted PART: is this part of the checks asked for?
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }

network() {
	topology
	head -c 4194304 /dev/urandom >"$T/a"
	head -c 4194304 /dev/urandom >"$T/b"
	as_cables
	! knows 'fast-path off' || fast=yes
}

# traffic_each: in each way that nat64d knows.
traffic_each() {
	[ $fast = no ] || fast=no traffic "fast-path off" 'fast-path off'
	traffic "default"
}

only=$(cat /tree/only)
fast=no # should the kernel translate?
diag "$(uname -r), booted in $(cut -d ' ' -f 1 /proc/uptime) s"
echo "the checks begin" >/dev/kmsg
netns_tests
[ "$only" = programs ] || network
! wanted traffic || traffic_each
each_value
same "no complaint of the kernel" "" "$(complaints)"
diag "modules: $(lsmod | awk 'NR > 1 { print $1 }' | sort | paste -sd ' ')"
finish
