#!/usr/bin/env bash
# The container images: buildah builds them from a Debian of this machine's release, and packets pass when they run.
#
# No registry is needed.  NAT64_OCI_BASE=FILE is an archive of a root directory with the packages below; without it, debootstrap
# makes one.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)
need buildah unshare nsenter tar
[ -n "${NAT64_OCI_BASE-}" ] || need debootstrap
packages=autoconf,automake,gcc,iproute2,iputils-ping,libc6-dev,linux-libc-dev,make,musl-tools,nftables,pkg-config
topology
ip -n "$S" route del default
mkdir "$T/context" "$T/volume" "$T/base"
oci() { buildah --root "$T/store" --runroot "$T/runroot" --storage-driver vfs "$@"; }

# --- the images ------------------------------------------------------------------------------------------------------

base=${NAT64_OCI_BASE-}
if [ -z "$base" ]; then
	base=$T/base.tar
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	debootstrap --variant=minbase --include="$packages" "$codename" "$T/base" >"$T/debootstrap" 2>&1 ||
		skip_all "debootstrap could not make a Debian: $(tail -n 1 "$T/debootstrap")"
	tar -C "$T/base" -cf "$base" .
fi
# shellcheck source=contrib/lib.sh
. "$top/contrib/lib.sh"
copy_tree "$top" "$T/context"
# shellcheck disable=SC2317 # by way of t
import() {
	local container
	container=$(oci from scratch) && oci add -q "$container" "$base" && oci commit -q "$container" localhost/base:1 &&
		oci rm "$container"
}
# image NAME FILE: one point, ok if it can be built; $T/NAME is its root directory.
image() {
	local container
	t "$1: buildah builds it" oci build -q --isolation chroot --network host --format docker --build-arg BASE=localhost/base:1 \
		-t "localhost/$1:1" -f "$T/context/contrib/packaging/oci/$2" "$T/context"
	container=$(oci from "localhost/$1:1") && mkdir "$T/$1" && cp -a "$(oci mount "$container")/." "$T/$1/" && oci rm "$container" >/dev/null
	shows "$1: it has a health check" "health" oci inspect --type image "localhost/$1:1"
}
t "the base can be imported" import
image nat64d Containerfile
image static Containerfile.static
size=$(du -sk "$T/static" | cut -f 1)
if [ "$size" -lt 1024 ]; then ok "static: less than 1 MiB"; else not_ok "static: less than 1 MiB" "$size KiB"; fi

# --- run -------------------------------------------------------------------------------------------------------------

# container ROOT VOLUME COMMAND...: starts it in the router as process 1, with a read-only root directory.  It uses no container
# runtime, because those need control groups, which are not available everywhere.
container() {
	# shellcheck disable=SC2016 # for the inner shell
	ip netns exec "$R" unshare --mount --pid --fork --kill-child sh -c '
		root=$1 volume=$2 && shift 2 && mount --bind "$root" "$root" && mkdir -p "$root/dev/net" "$root/proc" &&
			mount -t tmpfs tmpfs "$root/dev" && mkdir "$root/dev/net" && mknod -m 666 "$root/dev/net/tun" c 10 200 &&
			mknod -m 666 "$root/dev/null" c 1 3 && mknod -m 666 "$root/dev/urandom" c 1 9 &&
			mount -t tmpfs tmpfs "$root/run" && mount -t proc proc "$root/proc" &&
			mount --bind "$volume" "$root/var/lib/nat64d" && mount -o remount,bind,ro "$root" &&
			exec chroot "$root" "$@"' sh "$@" </dev/null >"$T/said" 2>&1 &
	PID=$!
}
inner() { pgrep -P "$PID"; }
# shellcheck disable=SC2317 # by way of t
within() { nsenter -t "$(inner)" -m -p -r -w -- "$@"; }
# shellcheck disable=SC2317 # by way of wait_for
passes() { ping6 -I 2001:db8:2::1 "$GOOGLE"; }
end() {
	cp "$T/said" "$LOG"
	kill "$(inner)"
	wait_for ended "$PID"
	wait "$PID" 2>/dev/null
	same "$1: SIGTERM ends it with 0" 0 $?
	PID=""
}

rights=-all,+net_admin,+bpf,+setuid,+setgid,+setpcap,+chown
container "$T/nat64d" "$T/volume" setpriv --bounding-set="$rights" --inh-caps="$rights" \
	env -i PATH=/usr/sbin:/usr/bin NAT64_ALLOW=2001:db8:2::/64 /usr/sbin/nat64-container
t "nat64d: NAT64 and NAT44" wait_for passes
t "nat64d: health" within /usr/sbin/nat64-container health
shows "nat64d: no rights" "CapPrm:	0000000000000000" cat "/proc/$(inner)/status"
shows "nat64d: the user of the volume" 6464 stat -c %u "$T/volume/pool.key"
end nat64d

config "tun-setup yes" | sed '/^data-dir/d' >"$T/conf"
ip -n "$S" route add default via 8.8.8.1
cp "$T/conf" "$T/static/etc/nat64.conf"
RUNTIME_DIRECTORY=/run container "$T/static" "$T/volume" /nat64d --nodetach --stdout
t "static: NAT64" wait_for passes
t "static: health" within /nat64ctl -s /run/control health
end static
# Without this, the layers would stay mounted.
oci umount -a >/dev/null 2>&1
finish
