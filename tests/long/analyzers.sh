#!/usr/bin/env bash
# Static analysis of the daemon and the tools: gcc -fanalyzer, clang-tidy and cppcheck.
#
# Each file of src has one point for each tool.  The list below has the findings that are known to be wrong, with the reason;
# a line that no finding needs any longer fails as well, if the release of the tool is the one that the list is for.
#
# Prints TAP.  $srcdir is the top of the source tree; the working directory is one that configure has prepared.
set -u
top=$(cd "${srcdir:-.}" && pwd) || exit 1
build=$PWD
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
cd "$top" || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
jobs=$(nproc 2>/dev/null || echo 1)
[ -r "$build/config.h" ] || { echo "1..0 # SKIP needs config.h in the working directory (configure)" && exit 0; }
make -s -C "$build" seccomp_names.h >"$dir/log" 2>&1 || { cat "$dir/log" && exit 1; }

# TOOL FILE FINDING: REASON
cat >"$dir/known" <<'KNOWN'
gcc-12 src/conf/conf.c -Wanalyzer-malloc-leak: the array of realloc() is stored in the next line
gcc-12 src/conf/conf.c -Wanalyzer-null-dereference: without errors there is a configuration
gcc-12 src/conf/conf_access.c -Wanalyzer-null-dereference: without pools there is nothing to copy
gcc-12 src/ctl/nat64ctl_list.c -Wanalyzer-malloc-leak: the copy is stored in the array, and counted
gcc-12 src/lease/leaselogfile.c -Wanalyzer-use-of-uninitialized-value: three times have been written when there are three
gcc-12 src/lease/leasesync.c -Wanalyzer-use-of-uninitialized-value: recvmsg() has written all of the message
gcc-12 src/map/pool_impl.h -Wanalyzer-null-dereference: a network with a count has a first lease
gcc-12 src/map/pool_sort.c -Wanalyzer-null-dereference: a group with a count has an oldest lease
clang-tidy-14 include/lib/addr.h clang-analyzer-core.UndefinedBinaryOperatorResult: an IPv4 prefix has at most 32 bits
clang-tidy-14 src/conf/conf_access.c clang-analyzer-core.CallAndMessage: conf_parse_hosts() has set the prefix when it succeeds
clang-tidy-14 src/conf/conf_access.c clang-analyzer-core.NonNullParamChecker: without pools there is nothing to copy
clang-tidy-14 src/lease/leasefile.c misc-redundant-expression: the second rewrite is a second attempt
clang-tidy-14 src/xlat/batch.c bugprone-too-small-loop-variable: the array has a few entries
cppcheck-2.10 src/daemon/command_setup.c autoVariables: the pointer copied from the local array points elsewhere
cppcheck-2.10 src/daemon/setup_apply.c legacyUninitvar: the buffer is written by the function that gets it
cppcheck-2.10 src/daemon/setup_apply.c returnDanglingLifetime: the list is copied, its entries are not
cppcheck-2.10 src/ctl/nat64ctl_who.c uninitvar: the function that is called through the pointer writes it
KNOWN

flags=(-std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 '-DSYSCONFDIR="/etc"' -Iinclude "-I$build" -include "$build/config.h")
mapfile -t files < <(find src -name '*.c' ! -name '*.bpf.c' | sort)
export LC_ALL=C

# judge TOOL: reads FILE:LINE: FINDING: TEXT.  Two points.
judge() {
	local tool=$1 left unused
	sort -u >"$dir/found"
	left=$(awk -v tool="$tool" '
		NR == FNR { if ($1 == tool) { sub(/:$/, "", $3); known[$2 " " $3] = 1 } next }
		{ split($1, at, ":"); id = $2; sub(/:$/, "", id) }
		!((at[1] " " id) in known)' "$dir/known" "$dir/found")
	[ -z "$left" ]
	report $? "$tool finds nothing in ${#files[@]} files that is not known to be wrong" "$left"
	unused=$(awk -v tool="$tool" '
		NR == FNR { split($1, at, ":"); id = $2; sub(/:$/, "", id); found[at[1] " " id] = 1; next }
		$1 == tool { id = $3; sub(/:$/, "", id); if (!(($2 " " id) in found)) print }' "$dir/found" "$dir/known")
	[ -z "$unused" ]
	report $? "$tool still reports everything that is listed as known" "$unused"
}

if ! gcc -fanalyzer -x c -c -o /dev/null - </dev/null 2>/dev/null; then
	leave_out "gcc -fanalyzer" "needs a gcc with -fanalyzer"
else
	printf '%s\n' "${files[@]}" | xargs -P "$jobs" -I {} gcc "${flags[@]}" -O2 -fanalyzer -fdiagnostics-plain-output \
		-c -o /dev/null {} 2>"$dir/log"
	judge "gcc-$(gcc -dumpversion | cut -d. -f1)" < <(sed -nE '
		s/^([a-z0-9_./]+:[0-9]+):[0-9]+: (warning|error): (.*) \[(CWE-[0-9]+\] \[)?(-[A-Za-z-]+)\]$/\1: \5: \3/p
		s/^([a-z0-9_./]+:[0-9]+):[0-9]+: (fatal )?error: ([^[]*)$/\1: error: \3/p' "$dir/log")
fi

if ! command -v clang-tidy >/dev/null; then
	leave_out "clang-tidy" "needs clang-tidy"
else
	printf '%s\n' "${files[@]}" | xargs -P "$jobs" -n 8 sh -c 'exec clang-tidy --quiet "$@" -- '"$(printf '%q ' "${flags[@]}")" sh >"$dir/log" 2>/dev/null
	judge "clang-tidy-$(clang-tidy --version | sed -nE 's/.*version ([0-9]+).*/\1/p')" < <(sed -nE "
		s|^$top/||; s/^([a-z0-9_.\/]+:[0-9]+):[0-9]+: (warning|error): (.*) \[([^],]+).*\]\$/\1: \4: \3/p" "$dir/log")
fi

if ! command -v cppcheck >/dev/null; then
	leave_out "cppcheck" "needs cppcheck"
else
	# Its preprocessor takes the commas in the answers of a reason for those between arguments; without the answers it goes on.
	mkdir -p "$dir/include/packet"
	sed -E 's/^#define NOTHING .*/#define NOTHING 0/; s/ANSWER\([A-Z0-9_a-z]+, [A-Z0-9_a-z]+\),/0,/g' include/packet/reason.h >"$dir/include/packet/reason.h"
	cppcheck -q -j "$jobs" --std=c11 --enable=warning,portability --inline-suppr --template='{file}:{line}: {id}: {message}' \
		"-I$dir/include" -Iinclude "-I$build" "--include=$build/config.h" -D_GNU_SOURCE '-DSYSCONFDIR="/etc"' "${files[@]}" 2>"$dir/log"
	judge "cppcheck-$(cppcheck --version | sed 's/.* //')" < <(grep -E '^[a-z0-9_./]+:[0-9]+: ' "$dir/log")
fi
finish
