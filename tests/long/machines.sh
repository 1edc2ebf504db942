#!/usr/bin/env bash
# Unit tests on other machines: big-endian (s390x), 32-bit (armhf, i386), arm64, and with musl; and whether the programs are
# hardened there.
#
#   machines.sh [NAME...]   only these machines
#
# The Check library of a distribution is for this machine and glibc only, so it is built here for each machine from the
# source package of Debian.  The programs for i386 run directly on the processor, the others under qemu-user.
#
# Prints TAP.  $srcdir is the top of the source tree.
set -u
top=$(cd "${srcdir:-.}" && pwd) || exit 1
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
# This make is not part of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CC CFLAGS CPPFLAGS LDFLAGS
export CK_TIMEOUT_MULTIPLIER=30 TEST_SECONDS=${TEST_SECONDS:-21600} # an emulator is slow, and these limits are for a processor

skip_all() { echo "1..0 # SKIP $1" && exit 0; }
for tool in apt-get dpkg-source make gcc; do command -v $tool >/dev/null || skip_all "needs $tool"; done
[ -x "$top/configure" ] || skip_all "needs $top/configure (autoreconf -fi)"
[ ! -e "$top/config.status" ] || skip_all "$top has been configured: only from a clean one another build can be made"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
only=" $* "
jobs=$(nproc 2>/dev/null || echo 1)

# Downloads the source of Check from where this system gets its packages, with package lists of our own.
fetch_check() {
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg options
	mkdir -p lists/partial
	[ ! -r $keys ] || ! grep -q '^ID=debian' /etc/os-release || keys="[signed-by=$keys]"
	case $keys in /*) keys="" ;; esac
	# shellcheck disable=SC2016 # apt-get replaces the names
	apt-get indextargets --format "deb-src $keys "'$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		sed -En 's/ (Debian|Ubuntu)$//p' | sort -u >sources.list
	options=(-o "Dir::Etc::SourceList=$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$PWD/lists" -o APT::Sandbox::User=root -o pkgCacheFile= -o Dir::Cache::pkgcache=
		-o Dir::Cache::srcpkgcache=)
	apt-get "${options[@]}" update -q && apt-get "${options[@]}" source -q check && mv check-*/ check
}
(cd "$dir" && fetch_check) >"$dir/log" 2>&1 || skip_all "needs the source package of check: $(grep -h '^E:' "$dir/log" | head -n 1)"

# build_check MACHINE [CONFIGURE ARGUMENT...]: builds and installs it in MACHINE/check.
build_check() {
	local prefix=$dir/$1/check
	shift
	mkdir -p "$prefix/build" && cd "$prefix/build" || return
	"$dir/check/configure" -q --prefix="$prefix" --disable-subunit --disable-shared --disable-build-docs "$@" &&
		make -s -j"$jobs" -C lib && make -s -j"$jobs" -C src libcheck.la &&
		make -s -C src install-libLTLIBRARIES install-includeHEADERS && cp check_stdint.h "$prefix/include"
}

# build MACHINE FLAGS [CONFIGURE ARGUMENT...]: builds all programs and tests.
build() {
	local place=$dir/$1 flags=$2
	shift 2
	cd "$place" && "$top/configure" -q --enable-werror CPPFLAGS="$flags -isystem $place/check/include" CHECK_CFLAGS=" " \
		CHECK_LIBS="-L$place/check/lib -lcheck -lpthread -lrt -lm" "$@" && make -s -j"$jobs" && make -s -j"$jobs" check TESTS=
}

# all_pass MACHINE [RUNNER]: prints what fails; at least one test must have passed.
all_pass() {
	local programs
	programs=$(cd "$top" && printf '%s\n' tests/*/check_*.c | sed 's/\.c$//' | paste -sd ' ')
	programs+=" tests/fuzz/replay tests/tree/check_hardening.sh"
	(cd "$dir/$1" && make -s -k -j$((2 * jobs)) check TESTS="$programs" LOG_COMPILER="${2-}") >"$dir/log" 2>&1
	grep -E '^(FAIL|ERROR|XPASS)' "$dir/log" && return 1
	grep -q '^# PASS: *[1-9]' "$dir/log" || { tail -n 20 "$dir/log" && return 1; }
}

# machine NAME FLAGS RUNNER CHECK-ARGUMENTS [CONFIGURE ARGUMENT...]: two points.
machine() {
	local name=$1 flags=$2 runner=$3 said for_check
	read -ra for_check <<<"$4"
	shift 4
	if ! (build_check "$name" "${for_check[@]}") >"$dir/log" 2>&1; then
		report 1 "$name: the Check library is built" "$(tail -n 5 "$dir/log")"
		return
	fi
	(build "$name" "$flags" "$@") >"$dir/log" 2>&1
	report $? "$name: configure and make without a warning" "$(grep -E 'error:|warning:' "$dir/log" | head -n 20)"
	said=$(all_pass "$name" "$runner")
	report $? "$name: the unit tests, and the hardening" "$said"
	echo "# $name: $(sed -n 's/^# \(PASS\|SKIP\): */\1 /p' "$dir/log" | paste -sd ' ')"
	rm -rf "${dir:?}/$name"
}

# lacks PATH-OR-COMMAND...: prints those that are missing.
lacks() {
	local thing
	for thing in "$@"; do
		command -v "$thing" >/dev/null || [ -r "$thing" ] || echo "$thing"
	done | paste -sd ' '
}

# wanted NAME: succeeds unless other machines were named.
wanted() { [[ $only = "  " || $only = *" $1 "* ]]; }

# emulated NAME TRIPLE EMULATOR
emulated() {
	local root=/usr/$2 missing
	wanted "$1" || return
	missing=$(lacks "$2-gcc" "$root/include/stdio.h" "$3")
	if [ -n "$missing" ]; then
		leave_out "$1" "needs $missing"
	else
		machine "$1" "" "$3 -L $root" "--host=$2" "--host=$2"
	fi
}
emulated s390x s390x-linux-gnu qemu-s390x
emulated armhf arm-linux-gnueabihf qemu-arm
emulated arm64 aarch64-linux-gnu qemu-aarch64

root=/usr/i686-linux-gnu
missing=$(lacks i686-linux-gnu-gcc $root/include/stdio.h)
if ! wanted i386; then
	:
elif [ -n "$missing" ]; then
	leave_out "i386" "needs $missing"
elif ! $root/lib/ld-linux.so.2 --version >/dev/null 2>&1; then
	leave_out "i386" "needs a kernel that runs programs of i386"
else
	machine i386 "" "$root/lib/ld-linux.so.2 --library-path $root/lib" --host=i686-linux-gnu --host=i686-linux-gnu
fi

# musl has no kernel headers: use those of the system, and no other headers of the system.
if ! wanted musl; then
	:
elif [ -n "$(lacks musl-gcc)" ]; then
	leave_out "musl" "needs musl-gcc"
else
	mkdir "$dir/headers"
	asm=/usr/include/$(gcc -print-multiarch)/asm
	[ -d "$asm" ] || asm=/usr/include/asm
	ln -s /usr/include/linux /usr/include/asm-generic "$asm" "$dir/headers"
	machine musl "-idirafter $dir/headers" "" CC=musl-gcc CC=musl-gcc --enable-static-binary
fi
finish
