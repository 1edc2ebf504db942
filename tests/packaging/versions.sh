#!/bin/sh
# versions - every package has the version of configure.ac.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=$(cd "${srcdir:-.}" && pwd) || exit 1
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
version=$(sed -n 's/^AC_INIT(\[nat64d\], \[\(.*\)\])$/\1/p' "$top/configure.ac")

# has FILE SED: what SED prints of FILE is the version.
has()
{
	found=$(sed -n "$2" "$top/$1" | head -n 1)
	[ -n "$version" ] && [ "$found" = "$version" ]
	report $? "$1 has the version of configure.ac" "configure.ac: $version, $1: $found"
}

has contrib/debian/changelog '1s/^nat64d (\([^-+~)]*\).*/\1/p'
has contrib/packaging/rpm/nat64d.spec 's/^Version: *//p'
# shellcheck disable=SC2016 # $ is sed's
has contrib/packaging/rpm/nat64d.spec '/^%changelog/,$s/^\* .* - \([^-]*\)-[0-9]*$/\1/p'
has contrib/packaging/arch/PKGBUILD 's/^pkgver=//p'
has contrib/packaging/alpine/APKBUILD 's/^pkgver=//p'
finish
