# Makes the initial RAM file system to boot: programs of this machine, the libraries and modules that they need, nat64d and its
# tests.
# shellcheck shell=bash disable=SC2154 # variables of run

# Programs that busybox lacks, or whose busybox version does not work with lib.sh.
guest_tools=(awk bash ethtool find grep ip iperf3 modprobe mount nft ping sed setpriv socat ss stat sysctl tc timeout umount)
# Other programs that the tests in tests/netns call, if they are installed.
netns_tools=(comm date hping3 id install iptables iptables-restore iptables-save ip6tables ip6tables-restore ip6tables-save
	kill ls mktemp nstat pgrep prlimit ps sort tail tcpdump traceroute tracepath unshare)
# The kernel requests these modules by alias.  Their dependencies are added too.
guest_modules=(tun veth dummy sch_ingress cls_bpf nf_nat nft_masq nft_chain_nat nft_ct nft_compat xt_MASQUERADE)

# libraries FILE: prints the libraries that the loader finds for it, and the loader.
libraries() { ldd "$1" 2>/dev/null | grep -o '/[^ ]*'; }

# add ROOT FILE [NAME]: adds a file, with its own name or another one, and its libraries.
add() {
	local root=$1 file=$2 name=${3:-$2} library
	install -D "$file" "$root$name" || return
	while read -r library; do
		[ -e "$root$library" ] || install -D "$library" "$root$library" || return
	done < <(libraries "$file")
}

# add_tools ROOT TOOL...: adds those tools that are installed.
add_tools() {
	local root=$1 tool file
	shift
	for tool in "$@"; do
		file=$(type -P "$tool") || continue
		add "$root" "$(readlink -f "$file")" "/usr/bin/$tool" || return
	done
}

add_busybox() {
	local name
	add "$1" "$(command -v busybox)" /usr/bin/busybox || return
	for name in $(busybox --list); do
		[ -e "$1/usr/bin/$name" ] || ln -s busybox "$1/usr/bin/$name"
	done
}

# add_modules ROOT KERNEL RELEASE: adds the modules of guest_modules, and those of netfilter for tests/netns.
add_modules() {
	local root=$1 kernel=$2 files=$2/lib/modules/$3 names=("${guest_modules[@]}") file
	[ ${#netns[@]} -eq 0 ] || mapfile -t -O ${#names[@]} names < <(netfilter "$files")
	while read -r file; do
		install -D -m 644 "$file" "$root/usr${file#"$kernel"}" || return
	done < <(modprobe -d "$kernel" -S "$3" --show-depends -a "${names[@]}" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
	install -m 644 "$files"/modules.{builtin,builtin.modinfo,order} "$root/usr/lib/modules/$3" && depmod -b "$root" "$3"
}

netfilter() {
	find "$1"/kernel/net/{netfilter,ipv4/netfilter,ipv6/netfilter,sched} -name '*.ko*' | sed 's|.*/||; s|\.ko.*||'
}

# add_python ROOT: adds the real interpreter, even if python3 in PATH is a wrapper, and its library.
add_python() {
	local program library
	read -r program library < <(python3 -c 'import os, sys; print(os.path.realpath(sys.executable), os.path.dirname(os.__file__))')
	add "$1" "$program" /usr/bin/python3 && mkdir -p "$1$library" &&
		tar -C "$library" --exclude=__pycache__ --exclude=test --exclude='*-packages' -cf - . | tar -C "$1$library" -xf - &&
		find "$library/lib-dynload" -name '*.so' | while read -r program; do add "$1" "$program" || return; done
}

# add_tests ROOT: adds the daemon, the scripts, and the programs to run, in their order.
add_tests() {
	local root=$1 program n=10
	add "$root" "$build/nat64d" /tree/nat64d && add "$root" "$build/nat64ctl" /tree/nat64ctl || return
	mkdir -p "$root/tree/tests" "$root/tree/programs" && cp -r "$here" "$here/../netns" "$root/tree/tests" || return
	for program in "${programs[@]}"; do
		add "$root" "$program" "/tree/programs/$((n++))-${program##*/}" || return
	done
	printf '%s\n' "${netns[@]}" >"$root/tree/netns"
	[ ! -x "$build/tests/bench/blast" ] || add "$root" "$build/tests/bench/blast" /tree/tests/bench/blast || return
	echo "$only" >"$root/tree/only"
}

# image KERNEL RELEASE FILE: writes the image for the kernel that is unpacked in the directory KERNEL.
image() {
	local root=$1.image
	mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,usr/{bin,lib,lib64}} || return
	ln -s usr/bin "$root/bin" && ln -s usr/bin "$root/sbin" && ln -s bin "$root/usr/sbin" || return
	ln -s usr/lib "$root/lib" && ln -s usr/lib64 "$root/lib64" || return
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	install "$here/init" "$root/init" && add_tools "$root" "${guest_tools[@]}" || return
	if [ ${#netns[@]} -gt 0 ]; then
		add_tools "$root" "${netns_tools[@]}" && add_python "$root" && add_plugins "$root" || return
	fi
	add_busybox "$root" && add_modules "$root" "$1" "$2" && add_tests "$root" || return
	(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0 | gzip -1) >"$3"
	rm -rf "$root"
}

# add_plugins ROOT: adds the plugins of iptables.
add_plugins() {
	local file
	for file in /usr/lib/*/xtables/*.so; do
		[ ! -e "$file" ] || add "$1" "$file" || return
	done
}
