#!/bin/sh
# static - what --enable-static-binary promises of $NAT64D and $NAT64CTL: no library, position independent, less than 1 MiB.
#
# Prints TAP.  $srcdir is the top of the source tree.  contrib/test runs it in its build with musl.

top=$(cd "${srcdir:-.}" && pwd) || exit 1
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"

for tool in readelf strip; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool" && exit 0; }
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

for program in "$NAT64D" "$NAT64CTL"; do
	name=${program##*/}
	said=$(readelf -lW "$program" | grep INTERP || readelf -dW "$program" | grep -E 'NEEDED|TEXTREL')
	report $((!$?)) "$name needs no library" "$said"
	readelf -hW "$program" | grep -q 'Type: *DYN'
	report $? "$name is position independent"
	strip -o "$dir/$name" "$program" && size=$(wc -c <"$dir/$name") && [ "$size" -lt 1048576 ]
	report $? "$name has less than 1 MiB without symbols" "${size-}"
	mkdir -p "$dir/root"
	cp "$dir/$name" "$dir/root"
done

# The empty root shows that nothing is opened at run time either.
if [ "$(id -u)" -eq 0 ]; then
	said=$(chroot "$dir/root" /nat64d --version 2>&1 && chroot "$dir/root" /nat64ctl --version 2>&1)
	report $? "both run in a root directory with nothing else in it" "$said"
else
	leave_out "both run in a root directory with nothing else in it" "needs root"
fi
finish
