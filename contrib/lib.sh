# Functions that contrib/test and contrib/demo share: install missing packages, and copy the tree for a build.
# shellcheck shell=bash

# After su without "-", root has the PATH of a user, without iptables, sysctl and modprobe.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# ensure THING:PACKAGE...: installs each PACKAGE whose THING (a command, a file, a pattern of files, or NAME.pc for pkg-config)
# is missing, and prints one line about it.  It returns 1 if something is still missing.
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

# absent THING:PACKAGE...: prints each PACKAGE whose THING is missing, once.
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

# apt_get [OPTION...] PACKAGE...: installs the packages; it never removes another package.
apt_get() {
	local install=(apt-get install -qy --no-install-recommends --no-remove "$@")
	export DEBIAN_FRONTEND=noninteractive
	"${install[@]}" </dev/null && return
	apt-get update -q </dev/null && "${install[@]}" </dev/null
}

# complaint LOG: prints each error of apt-get once.
complaint() { { grep '^E:' "$1" || tail -n 5 "$1"; } | sort -u; }

# borrow DIRECTORY PROGRAM:PACKAGE...: makes programs available without installing their packages, which would start a service
# now and at each boot.  It unpacks the packages and missing libraries into DIRECTORY; a script calls each program with the
# path of the libraries.  Nothing remains after the test, and AppArmor profiles, which apply to the path of a program, do not
# deny it access to the files of a test.
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

# fetch DIRECTORY PACKAGE...: downloads the packages and those dependencies that are not installed.
fetch() {
	apt_get --download-only -o "Dir::Cache::Archives=$1" -o APT::Sandbox::User=root "${@:2}"
}

# call_from DIRECTORY: appends its programs to PATH.
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

# load_tun: loads the module if /dev/net/tun does not exist; udev then creates it.
load_tun() {
	[ -c /dev/net/tun ] || modprobe tun 2>/dev/null
	[ -c /dev/net/tun ]
}

# for_everybody DIRECTORY: succeeds if other users can enter it, unlike the home of root or a directory of pam_tmpdir.
for_everybody() {
	local dir
	dir=$(cd "$1" 2>/dev/null && pwd -P) || return
	until [ "$dir" = "" ]; do
		[ $((0$(stat -c %a "$dir") & 1)) -eq 1 ] || return
		dir=${dir%/*}
	done
}

# shellcheck disable=SC2034 # used by the scripts that read this file
build_tools=(autoreconf:autoconf automake:automake make:make gcc:gcc pkg-config:pkg-config
	/usr/include/stdio.h:libc6-dev /usr/include/linux/if_tun.h:linux-libc-dev)
# All tools that the tests call; a test whose tool is missing is skipped.
# shellcheck disable=SC2034 # for contrib/test
test_tools=(check.pc:check ip:iproute2 ss:iproute2 ping:iputils-ping tracepath:iputils-tracepath iptables:iptables
	nft:nftables traceroute:traceroute mtr:mtr-tiny nmap:nmap hping3:hping3 tcpdump:tcpdump conntrack:conntrack etcdctl:etcd-client openssl:openssl tshark:tshark ethtool:ethtool
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
long_test_tools=(buildah:buildah s390x-linux-gnu-gcc:gcc-s390x-linux-gnu /usr/s390x-linux-gnu/include/stdio.h:libc6-dev-s390x-cross
	qemu-s390x:qemu-user i686-linux-gnu-gcc:gcc-i686-linux-gnu /usr/i686-linux-gnu/include/stdio.h:libc6-dev-i386-cross
	arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf /usr/arm-linux-gnueabihf/include/stdio.h:libc6-dev-armhf-cross
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/include/stdio.h:libc6-dev-arm64-cross
	dpkg-source:dpkg-dev clang-tidy:clang-tidy cppcheck:cppcheck)
# shellcheck disable=SC2034 # for contrib/test
test_daemons=(named:bind9 named-checkconf:bind9-utils unbound:unbound unbound-checkconf:unbound tayga:tayga
	promtool:prometheus prometheus:prometheus prometheus-node-exporter:prometheus-node-exporter
	bird:bird2 birdc:bird2 conntrackd:conntrackd etcd:etcd-server)

# copy_tree FROM TO: copies the files of the project, without build products if git can list the files.
copy_tree() {
	mkdir -p "$2"
	if (cd "$1" && git ls-files -z 2>/dev/null | grep -qz .); then
		(cd "$1" && git ls-files -co --exclude-standard -z |
			tar --null --ignore-failed-read -T - -cf - 2>/dev/null) | tar -C "$2" -xf -
	else
		tar -C "$1" --exclude=.git --exclude='*.[oa]' --exclude=config.status -cf - . | tar -C "$2" -xf -
	fi
}
