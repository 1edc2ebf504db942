#!/usr/bin/env bash
# Fuzzing: libFuzzer looks for a packet that the translator mishandles.
#
# From a new corpus, which is the seeds of tests/fuzz/replay, for LONG_MINUTES (30) on each processor.  A find is printed as
# base64; to look into it, put its bytes into a file: FUZZ_VERBOSE=1 tests/fuzz/replay FILE
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)
minutes=${LONG_MINUTES:-30}

clang=$(command -v clang) || skip_all "needs clang"
[ -x "$top/configure" ] || skip_all "needs $top/configure (autoreconf -fi)"
[ ! -e "$top/config.status" ] || skip_all "$top has been configured: only from a clean one another build can be made"
replay=$(cd "$(dirname "$NAT64D")" && pwd)/tests/fuzz/replay
[ -x "$replay" ] || skip_all "needs $replay (make check)"
SPACES=""
make_place
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
mkdir "$T/build" "$T/corpus"
cd "$T/build" || exit 1

build() { "$top/configure" -q CC="$clang" --enable-fuzzer && make -s -j"$(nproc)" tests/fuzz/fuzz_packet; }
build >"$T/built" 2>&1 || skip_all "needs a clang with libFuzzer (Debian: libclang-rt-dev): $(tail -n 1 "$T/built")"

"$replay" "$T/corpus" || exit 1
# One process for each processor; they share what they find out.
for ((i = 1; i <= $(nproc); i++)); do
	mkdir "$T/found.$i"
	tests/fuzz/fuzz_packet -max_total_time=$((minutes * 60)) -max_len=2048 -timeout=10 -print_final_stats=1 -reload=1 \
		-artifact_prefix="$T/found.$i/" "$T/corpus" </dev/null >"$T/log.$i" 2>&1 &
	CHILDREN+=" $!"
done
bad=0
for hunter in $CHILDREN; do wait "$hunter" || bad=$((bad + 1)); done
CHILDREN=""

tries=$(sed -n 's/^stat::number_of_executed_units: *//p' "$T"/log.* | awk '{ n += $1 } END { print n + 0 }')
diag "$tries packets, $(find "$T/corpus" -type f | wc -l) of them worth keeping"
same "after $minutes minutes on $(nproc) processors nothing has been found" "0 " \
	"$bad $(for file in "$T"/found.*/*; do [ ! -f "$file" ] || echo "$(basename "$file") $(base64 -w 0 "$file")"; done)"
[ $bad -eq 0 ] || diag "$(grep -hE '^(==|SUMMARY|    #[0-9] |fuzz|[a-z_/]*\.c:)' "$T"/log.* | head -n 40)"
t "and it was looked for: 1000 packets in each second" test "$tries" -gt $((minutes * 60000))
t "the plain build takes all of them as well" find "$T/corpus" -type f -exec "$replay" {} +
finish
