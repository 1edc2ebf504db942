#!/bin/sh
# The pure core calls only functions for memory and strings, qsort and bsearch: no I/O, no clock, no randomness.
lib=${LIBCORE:-./libcore.a}
nm=${NM:-nm}

if [ -n "${INSTRUMENTED:-}" ]; then
	echo "1..0 # SKIP built with $INSTRUMENTED, which adds calls of its own"
	exit 0
fi
if ! [ -f "$lib" ] || ! command -v "$nm" >/dev/null; then
	echo "1..0 # SKIP no $lib or no nm"
	exit 0
fi

# The compiler adds calls: FORTIFY wraps the allowed names (__memcpy_chk), the stack protector adds one, and clang replaces some
# memcmp by bcmp.
allowed='^((__)?(mem|str)[a-z0-9]*(_chk)?|bcmp|[a-z]*alloc[a-z]*|free|qsort|bsearch|__stack_chk_fail|__stack_chk_guard|_GLOBAL_OFFSET_TABLE_)$'
own=$("$nm" -g --defined-only "$lib" | awk 'NF == 3 { print $3 }' | sort -u)

"$nm" -u "$lib" | awk -v own="$own" -v allowed="$allowed" '
	BEGIN { split(own, list, "\n"); for (i in list) mine[list[i]] = 1 }
	function report() {
		if (file == "")
			return
		printf "%s %d - %s calls nothing from outside%s\n", bad == "" ? "ok" : "not ok", ++n, file, bad == "" ? "" : ":" bad
		failed += bad != ""
	}
	/:$/ { report(); file = $1; sub(/:$/, "", file); bad = ""; next }
	$1 == "U" && !($2 in mine) && $2 !~ allowed { bad = bad " " $2 }
	END { report(); printf "1..%d\n", n; exit failed > 0 }'
