#!/bin/sh
# The C files are formatted by clang-format 14.  Other versions differ in details, so this test needs version 14.
srcdir=${srcdir:-.}

for tool in clang-format-14 clang-format; do
	case $("$tool" --version 2>/dev/null) in
	*"version 14."*) break ;;
	esac
	tool=
done
if [ -z "$tool" ]; then
	echo "1..0 # SKIP no clang-format 14"
	exit 0
fi

count=0
status=0
set -- "$srcdir"/include/*/*.h "$srcdir"/src/*/*.[ch] "$srcdir"/tests/*/*.[ch]
# One run for all files is much faster; only if it fails, each file is checked alone.
"$tool" --dry-run -Werror "$@" 2>/dev/null && all=yes || all=
for f in "$@"; do
	count=$((count + 1))
	if [ -n "$all" ] || "$tool" --dry-run -Werror "$f" 2>/dev/null; then
		echo "ok $count - ${f#"$srcdir"/} is formatted"
	else
		echo "not ok $count - ${f#"$srcdir"/} is formatted: $tool -i $f"
		status=1
	fi
done
echo "1..$count"
exit $status
