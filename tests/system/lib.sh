# Shared by the tests with systemd: a container with a Debian of this machine's release, and the package in it.
#
#   NAT64_ROOT      a root directory of this Debian to copy, with systemd, dbus, iproute2, iputils-ping, procps; without it,
#                   debootstrap makes one, and a copy is kept in TMPDIR for later runs
#   NAT64_DEB       the package (default: contrib/mkdeb builds it)
#
# The container has only the networks that a test makes.  It is removed with everything in it, however the test ends.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests; netns/lib.sh knows where it is

# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"
top=$here/../..
CONTAINER="" LEADER="" ROOT="" DEB=""
# Packages in the container from the beginning, and those that a test can install there without a network.
base_packages=systemd,systemd-sysv,dbus,iproute2,iputils-ping,procps
more_packages="bind9 bind9-dnsutils dnsmasq ifupdown iptables iptables-persistent network-manager nftables radvd unbound"
# os NAME: prints a value of os-release.
os() { sed -n "s/^$1=\"*\([^\"]*\).*/\1/p" /etc/os-release; }
# The Debian in the container: that of this machine, or a newer one, on which the package must also run.
RELEASE=${NAT64_RELEASE:-$(os VERSION_CODENAME)}

# --- cleanup --------------------------------------------------------------------------------------------------------

leave_rest() {
	skip "under the real systemd" "$1"
	finish
}

end_container() {
	[ -z "$LEADER" ] || kill -9 "$LEADER" 2>/dev/null
	[ -z "$CONTAINER" ] || { kill "$CONTAINER" && wait "$CONTAINER"; } 2>/dev/null
	LEADER="" CONTAINER=""
}

remove_container() {
	trap - EXIT INT TERM HUP
	[ "$BASHPID" = $$ ] || return # as in cleanup
	end_container
	# An interrupted debootstrap leaves these mounted.
	umount -l "$T/root/proc" "$T/root/sys" 2>/dev/null
	[ -z "$T" ] || rm -rf --one-file-system "$T/root"
	cleanup
}

# need_container TOOL...: skips the test if containers are not possible; makes $T, a directory for temporary files.
need_container() {
	local tool
	[ "$(id -u)" -eq 0 ] || leave_rest "needs root"
	command -v systemd-nspawn >/dev/null || leave_rest "needs systemd-nspawn (Debian: systemd-container)"
	for tool in nsenter ip "$@"; do
		command -v "$tool" >/dev/null || leave_rest "needs $tool"
	done
	T=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
	chmod 755 "$T"
	trap remove_container EXIT
	trap 'exit 130' INT TERM HUP
	# The same mode as with udev, whatever this machine has.
	{ mknod "$T/tun" c 10 200 && chmod 666 "$T/tun"; } || leave_rest "may not make device nodes"
}

# --- a Debian -------------------------------------------------------------------------------------------------------

# new_root: makes the root directory; the packages in more_packages are downloaded but not installed.
new_root() {
	ROOT=$T/root
	debootstrap --variant=minbase --include="$base_packages" "$RELEASE" "$ROOT" >"$T/debootstrap" 2>&1 ||
		leave_rest "debootstrap could not make a Debian: $(tail -n 1 "$T/debootstrap")"
	cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
	# shellcheck disable=SC2086 # a list of words
	chroot "$ROOT" sh -c 'apt-get clean && apt-get -q update && apt-get -qyd install "$@"' sh $more_packages \
		>>"$T/debootstrap" 2>&1 </dev/null || leave_rest "apt-get has no $more_packages: $(tail -n 1 "$T/debootstrap")"
	: >"$ROOT/etc/resolv.conf"
	echo nat64 >"$ROOT/etc/hostname"
}

# kept: prints the path of the archive, in a directory that no other user can write to.
kept() {
	local dir
	dir=${TMPDIR:-/tmp}/nat64-container-$RELEASE
	mkdir -m 700 "$dir" 2>/dev/null
	[ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] && chmod 700 "$dir" || return
	echo "$dir/$(cksum <<<"$base_packages $more_packages" | cut -d ' ' -f 1).tar"
}

# unpack ARCHIVE: unpacks it; returns 1 if there is none yet.
unpack() {
	[ -s "$1" ] || return
	mkdir "$ROOT"
	tar -C "$ROOT" -xpf "$1" || leave_rest "$1 is broken: remove it"
}

# make_kept ARCHIVE: makes the archive; tests that run at the same time wait.  The archive appears only when it is complete.
make_kept() {
	local lock
	exec {lock}>"$1.lock"
	flock "$lock"
	unpack "$1" || { new_root && tar -C "$ROOT" -cpf "$1.new" . && mv "$1.new" "$1"; } || rm -f "$1.new"
	exec {lock}>&-
}

make_root() {
	local archive
	ROOT=$T/root
	if [ -n "${NAT64_ROOT-}" ]; then
		cp -a "$NAT64_ROOT" "$ROOT"
		return
	fi
	archive=$(kept)
	[ -z "$archive" ] || ! unpack "$archive" || return 0
	command -v debootstrap >/dev/null || leave_rest "needs debootstrap, or NAT64_ROOT"
	[ "$(os ID)" = debian ] || leave_rest "needs Debian: the container must have this machine's C library"
	if [ -n "$archive" ]; then make_kept "$archive"; else new_root; fi
}

# --- a container ----------------------------------------------------------------------------------------------------

# inside COMMAND...: runs it in the container with the root directory of its process 1, which differs from that of the mount
# namespace if this script runs in a chroot.
inside() {
	nsenter -t "$LEADER" -a -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

# The first child of nspawn is temporary.
is_running() {
	LEADER=$(pgrep -o -P "$CONTAINER") && [[ $(inside systemctl is-system-running 2>/dev/null) =~ running|degraded ]]
}

has_netns() {
	LEADER=$(pgrep -o -P "$CONTAINER") && ! [ "/proc/$LEADER/ns/net" -ef /proc/self/ns/net ] && [ -e "/proc/$LEADER/ns/net" ]
}

# boot [COMMAND]: starts the container, lets COMMAND connect networks, and returns when systemd has started.
boot() {
	local scope=()
	[ -d /run/systemd/system ] || scope=(--keep-unit)
	# A unique name: systemd 256 and later refuse two containers with the same name, which is that of the directory by default.
	# nspawn forbids bpf by default.
	systemd-nspawn --quiet --register=no --system-call-filter=bpf --machine=n64-$$ "${scope[@]}" --private-network --bind="$T/tun:/dev/net/tun" \
		--capability=all -b -D "$ROOT" </dev/null >"$T/boot" 2>&1 &
	CONTAINER=$!
	[ $# -eq 0 ] || { wait_for has_netns && "$@"; } || leave_rest "no cable can be put into a container here"
	for _ in 1 2 3 4 5 6 7 8; do wait_for is_running && return; done
	leave_rest "no container with systemd comes up here: $(tail -n 1 "$T/boot")"
}

has_no_cable() { ! ip -n "$C" link show dev lan && ! ip -n "$S" link show dev wan; }

# plug_in: connects lan to the client and wan to the server of a machine that has just started, when the cables of its last
# start are gone.
plug_in() {
	wait_for has_no_cable
	join "$C" lan "$LEADER" lan 2>/dev/null
	join "$S" wan "$LEADER" wan 2>/dev/null
}

# reboot [COMMAND]: like boot.  On a reboot, nspawn ends or restarts the container, depending on the service manager outside.
# This function always ends it; the machine inside has shut down cleanly before.
reboot() {
	local old=$LEADER
	inside systemctl reboot 2>/dev/null
	for _ in 1 2 3 4; do wait_for ended "$old" && break; done
	LEADER=$(pgrep -o -P "$CONTAINER")
	end_container
	boot "$@"
}

# --- the package ----------------------------------------------------------------------------------------------------

# make_deb: sets DEB to the path of the package.
make_deb() {
	if [ -n "${NAT64_DEB-}" ]; then
		DEB=$NAT64_DEB
		return
	fi
	mkdir -p "$T/deb"
	if ! DEB_BUILD_OPTIONS=nocheck "$top/contrib/mkdeb" "$T/deb" >"$T/mkdeb" 2>&1; then
		not_ok "contrib/mkdeb builds the package" "$(cat "$T/mkdeb")"
		finish
	fi
	DEB=$(tail -n 1 "$T/mkdeb")
}

# --- test points ----------------------------------------------------------------------------------------------------

# step COMMAND: one point, ok if COMMAND, as a person would type it as root, succeeds.
step() { t "root: ${1%%$'\n'*}" inside sh -ec "${1:-false}"; }
is_active() { [ "$(inside systemctl is-active "$1")" = active ]; }
