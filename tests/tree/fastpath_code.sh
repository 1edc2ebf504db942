#!/usr/bin/env bash
# The committed bytecode of the fast path is the output of clang for its source.  If clang has another version, its output must
# behave the same.
srcdir=${srcdir:-.}
# shellcheck source=tests/support/tap.sh
. "$srcdir/tests/support/tap.sh"
code=src/linux/fastpath_code.h

version=$(clang --version 2>/dev/null | head -n 1)
if [ -z "$version" ]; then
	echo "1..0 # SKIP no clang"
	exit 0
fi
if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP no python3"
	exit 0
fi
if ! [ -f Makefile ]; then
	echo "1..0 # SKIP no build here"
	exit 0
fi

T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
mkdir -p "$T/src/linux"

make -s fastpath-code FASTPATH_CODE="$T/$code" >"$T/said" 2>&1
report $? "clang makes code of the source" "$(cat "$T/said")"
[ -s "$T/$code" ] || finish

# make_variable NAME: prints the value that configure has set.
make_variable() { sed -n "s/^$1 = //p" Makefile; }

# Checks that the program with the other code does the same as the translator.
try() {
	# shellcheck disable=SC2046 # lists of words
	cp "$srcdir/src/linux/fastpath_linux.c" "$T/src/linux" &&
		$(make_variable CC) $(make_variable N64_CPPFLAGS) -I"$srcdir/include" -I"$srcdir/tests" -o "$T/check_fastpath" \
			"$srcdir/tests/linux/check_fastpath.c" "$srcdir"/tests/linux/fastpath_*.c "$T/src/linux/fastpath_linux.c" \
			tests/librig.a libshell.a libcore.a $(make_variable CHECK_LIBS) &&
		"$T/check_fastpath" -n 50000
}

agrees="another version's code does what the translator does"
if grep -qF "with $version." "$srcdir/$code"; then
	cmp "$srcdir/$code" "$T/$code" >"$T/said" 2>&1
	report $? "it is the code that is there" "$(cat "$T/said"; echo "make fastpath-code")"
	leave_out "$agrees" "$version is the one that made it"
else
	leave_out "it is the code that is there" "which is not of $version"
	if [ -n "${INSTRUMENTED:-}" ]; then
		leave_out "$agrees" "built with $INSTRUMENTED"
		finish
	elif ! make -s tests/linux/check_fastpath >"$T/said" 2>&1; then
		leave_out "$agrees" "needs tests/linux/check_fastpath: $(tail -n 1 "$T/said")"
		finish
	fi
	try >"$T/said" 2>&1
	rc=$?
	if [ $rc -eq 0 ] && grep -q '^1\.\.0 # SKIP' "$T/said"; then
		leave_out "$agrees" "$(sed -n 's/^1\.\.0 # SKIP //p' "$T/said")"
	else
		report $rc "$agrees" "$(tail -n 30 "$T/said")"
	fi
fi
finish
