# What contrib/test and contrib/demo share: missing packages, and a private copy of the tree to build.
# shellcheck shell=bash

# su without "-" leaves root with the PATH of a user: without iptables, sysctl, modprobe.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# ensure THING:PACKAGE...: installs the packages whose thing (a command, a file, a pattern of files, or NAME.pc for
# pkg-config) is missing, and says which in one line.  1 if something is missing still.
ensure() {
	local missing log status=0
	missing=$(absent "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
		echo "not installed: $missing"
		return 1
	fi
	echo "installing: $missing"
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of words
	apt_get $missing >"$log" 2>&1 || { complaint "$log" && status=1; }
	rm -f "$log"
	return $status
}

# absent THING:PACKAGE...: the packages of what is missing, each once.
absent() {
	local entry
	for entry in "$@"; do
		have "${entry%%:*}" || echo "${entry##*:}"
	done | awk '!seen[$0]++' | paste -sd ' '
}

have() {
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# apt_get [OPTION...] PACKAGE...: installs them, and never at the price of another package.
apt_get() {
	local install=(apt-get install -qy --no-install-recommends --no-remove "$@")
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" </dev/null && return
	apt-get update -q </dev/null && "${install[@]}" </dev/null
}

# complaint LOG: what apt-get says is wrong, each thing once.
complaint() { { grep '^E:' "$1" || tail -n 5 "$1"; } | sort -u; }

# borrow DIRECTORY PROGRAM:PACKAGE...: programs whose packages would start a service, now and at each boot, on a machine
# whose owner only wants to run a test.  So they are not installed: they are unpacked into DIRECTORY, with those libraries
# that the machine lacks, and called from there, by way of a script that knows where the libraries are.  Nothing is left of
# them, and no profile of AppArmor, which goes by the path of a program, keeps them out of the files of a test.
borrow() {
	local dir=$1 package log
	shift
	# shellcheck disable=SC2046 # a list of words
	set -- "$dir" $(absent "$@")
	if [ $# -eq 1 ] || [ "$(id -u)" -ne 0 ] || ! have apt-get || ! have gcc; then return; fi
	shift
	echo "unpacking, without installing: $*"
	mkdir -p "$dir/deb/partial" "$dir/bin"
	log=$(mktemp)
	fetch "$dir/deb" "$@" >"$log" 2>&1 || for package in "$@"; do
		fetch "$dir/deb" "$package" >"$log" 2>&1 || complaint "$log"
	done
	rm -f "$log"
	for package in "$dir"/deb/*.deb; do
		[ ! -e "$package" ] || dpkg -x "$package" "$dir"
	done
	call_from "$dir"
}

# fetch DIRECTORY PACKAGE...: the packages, and what they need and the machine has not.
fetch() {
	apt_get --download-only -o "Dir::Cache::Archives=$1" -o APT::Sandbox::User=root "${@:2}"
}

# call_from DIRECTORY: its programs are in the PATH, behind those of the machine.
call_from() {
	local dir=$1 file machine
	machine=$(gcc -print-multiarch)
	for file in "$dir"/usr/sbin/* "$dir"/usr/bin/*; do
		[ ! -x "$file" ] || cat >"$dir/bin/${file##*/}" <<-END
			#!/bin/sh
			LD_LIBRARY_PATH=$dir/usr/lib/$machine:$dir/lib/$machine exec $file "\$@"
		END
	done
	chmod -R a+rX "$dir"
	find "$dir/bin" -type f -exec chmod 755 {} +
	PATH=$PATH:$dir/bin
	[ ! -r "$dir/etc/bind/named.conf" ] || export BIND_ETC=$dir/etc/bind
}

# load_tun: udev makes the device when the module is loaded, where it is not there from the beginning.
load_tun() {
	[ -c /dev/net/tun ] || modprobe tun 2>/dev/null
	[ -c /dev/net/tun ]
}

# for_everybody DIRECTORY: may other users look into it?  Not root's own directory, nor one of pam_tmpdir.
for_everybody() {
	local dir
	dir=$(cd "$1" 2>/dev/null && pwd -P) || return
	until [ "$dir" = "" ]; do
		[ $((0$(stat -c %a "$dir") & 1)) -eq 1 ] || return
		dir=${dir%/*}
	done
}

# shellcheck disable=SC2034 # for those who read this
build_tools=(autoreconf:autoconf automake:automake make:make gcc:gcc pkg-config:pkg-config
	/usr/include/stdio.h:libc6-dev /usr/include/linux/if_tun.h:linux-libc-dev)
# What the tests call: a test whose tool is missing is skipped, so each of them is here.
# shellcheck disable=SC2034 # for contrib/test
test_tools=(check.pc:check ip:iproute2 ss:iproute2 ping:iputils-ping tracepath:iputils-tracepath iptables:iptables
	nft:nftables traceroute:traceroute mtr:mtr-tiny nmap:nmap hping3:hping3 tcpdump:tcpdump conntrack:conntrack tshark:tshark ethtool:ethtool
	iperf3:iperf3 socat:socat curl:curl python3:python3 /usr/lib/python3/dist-packages/jsonschema/__init__.py:python3-jsonschema dig:bind9-dnsutils nslookup:bind9-dnsutils
	sysctl:procps ps:procps pgrep:procps setpriv:util-linux unshare:util-linux mount:mount busybox:busybox nix-instantiate:nix-bin
	/usr/share/bash-completion/bash_completion:bash-completion nm:binutils readelf:binutils mandoc:mandoc clang-format-14:clang-format-14)
# shellcheck disable=SC2034 # for contrib/test
more_test_tools=(clang:clang '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*:libclang-rt-dev' musl-gcc:musl-tools
	dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian /usr/share/build-essential:build-essential
	debootstrap:debootstrap systemd-nspawn:systemd-container systemd-analyze:systemd
	/lib/systemd/systemd-networkd:systemd)
# shellcheck disable=SC2034 # for contrib/test --long: what the packages of other distributions are built with
packaging_tools=(rpmbuild:rpm rpmlint:rpmlint makepkg:makepkg pacman:pacman-package-manager bsdtar:libarchive-tools
	fakeroot:fakeroot busybox:busybox)
# shellcheck disable=SC2034 # for contrib/test
long_test_tools=(buildah:buildah)
# shellcheck disable=SC2034 # for contrib/test
test_daemons=(named:bind9 named-checkconf:bind9-utils unbound:unbound unbound-checkconf:unbound tayga:tayga
	promtool:prometheus prometheus:prometheus prometheus-node-exporter:prometheus-node-exporter)

# copy_tree FROM TO: the files of the project, without what a build has left among them, if git can tell.
copy_tree() {
	mkdir -p "$2"
	if (cd "$1" && git ls-files -z 2>/dev/null | grep -qz .); then
		(cd "$1" && git ls-files -co --exclude-standard -z |
			tar --null --ignore-failed-read -T - -cf - 2>/dev/null) | tar -C "$2" -xf -
	else
		tar -C "$1" --exclude=.git --exclude='*.[oa]' --exclude=config.status -cf - . | tar -C "$2" -xf -
	fi
}
