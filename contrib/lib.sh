# What contrib/test and contrib/demo share: missing packages, and a private copy of the tree to build.
# shellcheck shell=bash

# su without "-" leaves root with the PATH of a user: without iptables, sysctl, modprobe.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# ensure THING:PACKAGE...: installs the packages whose thing (a command, a file, or NAME.pc for pkg-config) is
# missing, and says which in one line.  1 if something is missing still.
ensure() {
	local entry missing="" log status=0
	for entry in "$@"; do
		have "${entry%%:*}" || missing+=" ${entry##*:}"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
		echo "not installed:$missing"
		return 1
	fi
	echo "installing:$missing"
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of words
	install_packages $missing >"$log" 2>&1 || { tail -n 5 "$log" && status=1; }
	rm -f "$log"
	return $status
}

have() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -qy --no-install-recommends "$@" </dev/null && return
	apt-get update -q </dev/null && apt-get install -qy --no-install-recommends "$@" </dev/null
}

# shellcheck disable=SC2034 # for those who read this
build_tools=(autoreconf:autoconf automake:automake make:make gcc:gcc pkg-config:pkg-config
	/usr/include/stdio.h:libc6-dev /usr/include/linux/if_tun.h:linux-libc-dev)

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
