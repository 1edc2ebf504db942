#!/bin/sh
# The daemon needs no library except the C library.  This test also prints its size.
daemon=${NAT64D:-./nat64d}

if [ -n "${INSTRUMENTED:-}" ]; then
	echo "1..0 # SKIP built with $INSTRUMENTED, which adds libraries of its own"
	exit 0
fi
if ! [ -x "$daemon" ] || ! command -v readelf >/dev/null; then
	echo "1..0 # SKIP no $daemon or no readelf"
	exit 0
fi

others=$(readelf -d "$daemon" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.(so|musl)|ld-)' | tr '\n' ' ')
echo "1..1"
size "$daemon" 2>/dev/null | awk 'NR == 2 { printf "# text %d, data %d, bss %d bytes\n", $1, $2, $3 }'
if [ -n "$others" ]; then
	echo "not ok 1 - needs more than the C library: $others"
	exit 1
fi
echo "ok 1 - needs the C library only"
