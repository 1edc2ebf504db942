# What the tests with the real systemd share: a Debian of this machine's release in a container, and the package in it.
#
#   NAT64_ROOT      a tree of this Debian to copy, with systemd, dbus, iproute2, iputils-ping, procps in it; without one,
#                   debootstrap makes it, and a copy is kept in TMPDIR for the next time
#   NAT64_DEB       the package (default: contrib/mkdeb builds it)
#
# The container sees no network but what a test gives it.  It vanishes, with everything in it, on every way out.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests; netns/lib.sh knows where it is

# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"
top=$here/../..
CONTAINER="" LEADER="" ROOT="" DEB=""
# What is in the container from the beginning, and what a test can install there without a network.
base_packages=systemd,systemd-sysv,dbus,iproute2,iputils-ping,procps
more_packages="bind9 bind9-dnsutils dnsmasq ifupdown iptables iptables-persistent network-manager nftables radvd unbound"
# os NAME: a line of os-release.
os() { sed -n "s/^$1=\"*\([^\"]*\).*/\1/p" /etc/os-release; }
# The Debian in the container: this machine's own, or a newer one, on which the package runs as well.
RELEASE=${NAT64_RELEASE:-$(os VERSION_CODENAME)}

# --- ways out -------------------------------------------------------------------------------------------------------

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
	# What debootstrap leaves mounted when it is interrupted.
	umount -l "$T/root/proc" "$T/root/sys" 2>/dev/null
	[ -z "$T" ] || rm -rf --one-file-system "$T/root"
	cleanup
}

# need_container TOOL...: whether there can be one; a directory for temporary files, $T.
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
	# As udev makes it, whatever this machine has.
	{ mknod "$T/tun" c 10 200 && chmod 666 "$T/tun"; } || leave_rest "may not make device nodes"
}

# --- a Debian -------------------------------------------------------------------------------------------------------

# new_root: with what more_packages needs, still packed.
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

# kept: the archive of it, in a directory that is nobody else's to write to.
kept() {
	local dir
	dir=${TMPDIR:-/tmp}/nat64-container-$RELEASE
	mkdir -m 700 "$dir" 2>/dev/null
	[ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] && chmod 700 "$dir" || return
	echo "$dir/$(cksum <<<"$base_packages $more_packages" | cut -d ' ' -f 1).tar"
}

# unpack ARCHIVE: 1 if there is none yet.
unpack() {
	[ -s "$1" ] || return
	mkdir "$ROOT"
	tar -C "$ROOT" -xpf "$1" || leave_rest "$1 is broken: remove it"
}

# make_kept ARCHIVE: one test makes it, those that run at the same time wait.  Nobody ever sees half of it.
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

# inside COMMAND...: in the container, and in its root: where all of this is in a chroot, that of the namespace is another.
inside() {
	nsenter -t "$LEADER" -a -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

# nspawn's first child is not yet the one that stays.
is_running() {
	LEADER=$(pgrep -o -P "$CONTAINER") && [[ $(inside systemctl is-system-running 2>/dev/null) =~ running|degraded ]]
}

has_netns() {
	LEADER=$(pgrep -o -P "$CONTAINER") && ! [ "/proc/$LEADER/ns/net" -ef /proc/self/ns/net ] && [ -e "/proc/$LEADER/ns/net" ]
}

# boot [COMMAND]: starts it, has COMMAND put cables in, and returns when it is up.
boot() {
	local scope=()
	[ -d /run/systemd/system ] || scope=(--keep-unit)
	# By a name of its own: from systemd 256 on two of the same, from the name of the directory, are refused.
	# bpf is among the calls that nspawn forbids.
	systemd-nspawn --quiet --register=no --system-call-filter=bpf --machine=n64-$$ "${scope[@]}" --private-network --bind="$T/tun:/dev/net/tun" \
		--capability=all -b -D "$ROOT" </dev/null >"$T/boot" 2>&1 &
	CONTAINER=$!
	[ $# -eq 0 ] || { wait_for has_netns && "$@"; } || leave_rest "no cable can be put into a container here"
	for _ in 1 2 3 4 5 6 7 8; do wait_for is_running && return; done
	leave_rest "no container with systemd comes up here: $(tail -n 1 "$T/boot")"
}

# reboot [COMMAND]: as boot.  With or without a service manager outside, nspawn ends or makes the container anew; ended by
# the test, it is the same to the machine inside, which has shut down in good order.
reboot() {
	local old=$LEADER
	inside systemctl reboot 2>/dev/null
	for _ in 1 2 3 4; do wait_for ended "$old" && break; done
	LEADER=$(pgrep -o -P "$CONTAINER")
	end_container
	boot "$@"
}

# --- the package ----------------------------------------------------------------------------------------------------

# make_deb: the package's path is in $DEB.
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

# --- what the points are made of ------------------------------------------------------------------------------------

# step COMMAND: one point; what a person would type as root.
step() { t "root: ${1%%$'\n'*}" inside sh -ec "${1:-false}"; }
is_active() { [ "$(inside systemctl is-active "$1")" = active ]; }
