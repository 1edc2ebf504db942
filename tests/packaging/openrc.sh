#!/usr/bin/env bash
# The OpenRC scripts, under the real openrc-run, with two instances in a network namespace.
#
# Prints TAP.  openrc is unpacked into a copy of a Debian and nothing of it is installed here: it is not the init of this
# machine.  With busybox installed, its shell runs the scripts, as on Alpine.
# shellcheck disable=SC2317 # functions are called by t
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
top=$(cd "$here/../.." && pwd)
need_container apt-get chroot
N_ROUTER=$R
make_root
# Whatever the machine has: the package openrc conflicts with the init of the root, so that its files are unpacked.
(cd "$T" && mkdir deb && chmod 777 deb && cd deb && apt-get download -q openrc librc1 libeinfo1) >"$T/apt" 2>&1 ||
	leave_rest "apt-get cannot fetch openrc: $(tail -n 1 "$T/apt")"
for deb in "$T"/deb/*.deb; do dpkg -x "$deb" "$T/orc"; done
# The root has /bin, /sbin and /lib as links.
for dir in bin sbin lib; do
	[ ! -d "$T/orc/$dir" ] || { mkdir -p "$T/orc/usr/$dir" && cp -a "$T/orc/$dir/." "$T/orc/usr/$dir/" && rm -r "${T:?}/orc/$dir"; }
done
cp -a "$T/orc/." "$ROOT/"
chroot "$ROOT" ldconfig

make -s -C "$(dirname "$NAT64D")" install DESTDIR="$ROOT" prefix=/usr >"$T/install" 2>&1 || { not_ok "make install" "$(tail "$T/install")" && finish; }
from=$top/contrib/packaging/openrc
install -m 755 "$from/nat64d.initd" "$ROOT/etc/init.d/nat64d"
install -m 755 "$from/nat64-host.initd" "$ROOT/etc/init.d/nat64-host"
install -D -m 644 "$from/nat64d.confd" "$ROOT/etc/conf.d/nat64d"
ln -s nat64d "$ROOT/etc/init.d/nat64d.two"
ln -s nat64-host "$ROOT/etc/init.d/nat64-host.two"
chroot "$ROOT" useradd -r -d /var/lib/nat64d -s /usr/sbin/nologin nat64d
# What openrc makes at boot, and what Debian's openrc asks for.
mkdir -p "$ROOT/etc/nat64" "$ROOT"/run/openrc/{starting,started,stopping,inactive,wasinactive,failed,hotplugged,daemons,options,exclusive,scheduled,tmp}
touch "$ROOT/etc/insserv.conf"
touch "$ROOT/run/openrc/softlevel"
echo 'nat64d_args="--stdout"' >>"$ROOT/etc/conf.d/nat64d"
# The shell of Alpine.
if busybox=$(command -v busybox); then
	install -m 755 "$busybox" "$ROOT/usr/bin/busybox"
	ln -sf busybox "$ROOT/usr/bin/ash" && ln -sf ash "$ROOT/usr/bin/sh"
fi
cat >"$ROOT/etc/nat64.conf" <<-END
	tun-device nat64
	tun-setup yes
	ipv4-addr 192.168.255.1
	prefix 64:ff9b::/96
	dynamic-pool 192.168.255.0/24
	ipv6-addr 2001:db8:1000::64
	data-dir /var/lib/nat64d
END
sed 's/192\.168\.255/192.168.254/; s/nat64$/nat64two/; s/64:ff9b::/2001:db8:64::/; s/1000::64/1000::65/; /data-dir/d' \
	"$ROOT/etc/nat64.conf" >"$ROOT/etc/nat64/two.conf"

router "$N_ROUTER"
ip -n "$N_ROUTER" addr add 2001:db8:1::1/128 dev lo
# rc COMMAND...: in the root and the namespace of the router, with /proc and the TUN device.
rc() {
	# shellcheck disable=SC2016 # the shell there expands it
	ip netns exec "$N_ROUTER" unshare -m sh -c '
		root=$1 tun=$2
		shift 2
		mount -t proc proc "$root/proc"
		mount -t sysfs sysfs "$root/sys"
		mount -t tmpfs dev "$root/dev" && mkdir "$root/dev/net"
		for node in null zero random urandom; do : >"$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"; done
		: >"$root/dev/net/tun" && mount --bind "$tun" "$root/dev/net/tun"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$ROOT" "$T/tun" timeout 40 "$@" </dev/null
}
# --nodeps: the services of a machine, such as net, are not in this root.
svc() { rc "/etc/init.d/$1" --nodeps "${@:2}"; }
end_services() {
	svc nat64d stop
	svc nat64d.two stop
} >/dev/null 2>&1
daemon() { pgrep -f "nat64d --config /etc/$1 "; }
runs() { daemon "$1" | grep -q .; }
gone() { ! runs "$1"; }
leased() { [ "$(stat -c %u:%a "$1")" = "$(chroot "$ROOT" id -u nat64d):750" ]; }
other() { runs nat64.conf && [ "$(daemon nat64.conf | tail -n 1)" != "$1" ]; }
asks() { rc nat64ctl "$@"; }

t "/etc/init.d/nat64d start" svc nat64d start
t "the daemon runs" wait_for runs nat64.conf
t "its device is up" wait_for ip -n "$N_ROUTER" route get 192.168.255.9
t "the data directory is the daemon's alone" leased "$ROOT/var/lib/nat64d"
shows "status: started" "started" svc nat64d status
t "it answers at its own address" wait_for ip netns exec "$N_ROUTER" ping -6 -q -c 1 -W 1 2001:db8:1000::64
t "nat64ctl finds it" asks health
t "the instance two starts" svc nat64d.two start
t "and runs" wait_for runs nat64/two.conf
t "nat64ctl -i two finds it" wait_for asks -i two health
same "nat64d gave up every right" 0000000000000000 "$(awk '/^CapEff/ { print $2 }' "/proc/$(daemon nat64.conf | tail -n 1)/status")"

pid=$(daemon nat64.conf | tail -n 1)
echo 'map 192.168.255.77 2001:db8:1::2' >>"$ROOT/etc/nat64.conf"
t "reload" svc nat64d reload
same "by the same process" "$pid" "$(daemon nat64.conf | tail -n 1)"
shows "with the new map" 192.168.255.77 asks maps
echo 'nonsense' >>"$ROOT/etc/nat64.conf"
t "a reload of a wrong configuration fails" fails svc nat64d reload
t "and the daemon goes on" runs nat64.conf
t "checkconfig fails, too" fails svc nat64d checkconfig
sed -i '/nonsense/d' "$ROOT/etc/nat64.conf"
t "checkconfig succeeds when it is right again" svc nat64d checkconfig

kill -9 "$pid"
t "a daemon that is killed is started again" wait_for other "$pid"
t "nat64-host start" svc nat64-host start
t "nat64-host reload" svc nat64-host reload
shows "a reload of nat64d reloads it as well" "Preparing this machine for NAT64 again" svc nat64d reload
t "nat64-host stop" svc nat64-host stop
t "stop" svc nat64d stop
t "the daemon is gone" wait_for gone nat64.conf
t "so is its device" fails ip -n "$N_ROUTER" link show nat64
t "the other instance still runs" runs nat64/two.conf
t "it stops as well" svc nat64d.two stop
echo 'nonsense' >>"$ROOT/etc/nat64.conf"
t "a start with a wrong configuration fails" fails svc nat64d start
t "and leaves no daemon" gone nat64.conf
end_services
finish
