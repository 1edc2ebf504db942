#!/usr/bin/env bash
# Fuzzing: libFuzzer searches for inputs that nat64d mishandles: packets, requests and files.
#
#   fuzz.sh [FUZZER...]   only these, such as fuzz_conf
#
# Each target begins with the seeds of its replay program in tests/fuzz, and runs for LONG_MINUTES (30) on every processor.
# A failure is printed as base64; to examine it, decode it into a file: FUZZ_VERBOSE=1 tests/fuzz/replay FILE
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)
minutes=${LONG_MINUTES:-30}
only=" $* "

clang=$(command -v clang) || skip_all "needs clang"
[ -x "$top/configure" ] || skip_all "needs $top/configure (autoreconf -fi)"
[ ! -e "$top/config.status" ] || skip_all "$top has been configured: only from a clean one another build can be made"
built=$(cd "$(dirname "$NAT64D")" && pwd)/tests/fuzz
[ -x "$built/replay" ] || skip_all "needs $built/replay and the others (make check)"
SPACES=""
make_place
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
mkdir "$T/build"
cd "$T/build" || exit 1

build() { "$top/configure" -q CC="$clang" --enable-fuzzer && make -s -j"$(nproc)" all; }
build >"$T/built" 2>&1 || skip_all "needs a clang with libFuzzer (Debian: libclang-rt-dev): $(tail -n 1 "$T/built")"

# hunt WHAT FUZZER REPLAY LONGEST RATE: runs one process on each processor; they share one corpus.  Three points.
hunt() {
	local what=$1 dir=$T/$2 replay=$built/$3 rate=$5 bad=0 i hunter tries
	[[ $only = "  " || $only = *" $2 "* ]] || return 0
	mkdir "$dir" "$dir/corpus"
	"$replay" "$dir/corpus" || exit 1
	for ((i = 1; i <= $(nproc); i++)); do
		mkdir "$dir/found.$i"
		"tests/fuzz/$2" -max_total_time=$((minutes * 60)) -max_len="$4" -timeout=10 -print_final_stats=1 -reload=1 \
			-artifact_prefix="$dir/found.$i/" "$dir/corpus" </dev/null >"$dir/log.$i" 2>&1 &
		CHILDREN+=" $!"
	done
	for hunter in $CHILDREN; do wait "$hunter" || bad=$((bad + 1)); done
	CHILDREN=""

	tries=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir"/log.* | awk '{ n += $1 } END { print n + 0 }')
	diag "$tries $what, $(find "$dir/corpus" -type f | wc -l) of them worth keeping"
	same "after $minutes minutes on $(nproc) processors nothing has been found among $what" "0 " \
		"$bad $(for file in "$dir"/found.*/*; do [ ! -f "$file" ] || echo "$(basename "$file") $(base64 -w 0 "$file")"; done)"
	[ $bad -eq 0 ] || diag "$(grep -hE '^(==|SUMMARY|    #[0-9] |fuzz|[a-z_/]*\.c:)' "$dir"/log.* | head -n 40)"
	t "and it was looked for: $rate $what in each second" test "$tries" -gt $((minutes * 60 * rate))
	t "the plain build takes all of them as well" find "$dir/corpus" -type f -exec "$replay" {} +
}
hunt packets fuzz_packet replay 2048 1000
hunt requests fuzz_control replay_control 4200 1000
hunt configurations fuzz_conf replay_conf 4096 100
hunt histories fuzz_history replay_history 4096 5
hunt "lease files" fuzz_lease replay_lease 2048 50
hunt "answers of the kernel" fuzz_netlink replay_netlink 2048 500
hunt sequences fuzz_sequence replay_sequence 2048 5
hunt environments fuzz_service replay_service 1024 500
finish
