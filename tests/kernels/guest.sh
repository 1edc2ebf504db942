#!/bin/bash
# The checks in the guest: traffic of every kind, by each way through nat64d; what a killed daemon leaves; and the programs
# that were added to the image.
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

# knows LINE: succeeds if nat64d accepts this line of a configuration.
knows() {
	config "$1" >"$T/line"
	"$NAT64D" -t -c "$T/line" >/dev/null 2>&1
}

# complaints: prints the warnings and errors of the kernel since the boot.
complaints() {
	dmesg | sed '1,/the checks begin/d' | grep -E 'WARNING|BUG|Oops|Call Trace|csum failure|refcount|unregister_netdevice'
}

# wanted PART: succeeds if this part of the checks is selected.
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }

network() {
	topology
	head -c 4194304 /dev/urandom >"$T/a"
	head -c 4194304 /dev/urandom >"$T/b"
	as_cables
	! knows 'fast-path off' || fast=yes
}

# traffic_each: runs the traffic by each way through nat64d.
traffic_each() {
	[ $fast = no ] || fast=no traffic "fast-path off" 'fast-path off'
	traffic "default"
}

only=$(cat /tree/only)
fast=no # whether the kernel should translate
diag "$(uname -r), booted in $(cut -d ' ' -f 1 /proc/uptime) s"
echo "the checks begin" >/dev/kmsg
netns_tests
[ "$only" = programs ] || network
! wanted traffic || traffic_each
each_value
same "no complaint of the kernel" "" "$(complaints)"
diag "modules: $(lsmod | awk 'NR > 1 { print $1 }' | sort | paste -sd ' ')"
finish
