#!/bin/sh
# versions - configure.ac has the version; the packages and NEWS have the same, and no other file repeats it.
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
has contrib/packaging/openwrt/Makefile 's/^PKG_VERSION:=//p'
has contrib/packaging/nix/default.nix 's/^  version = "\(.*\)";$/\1/p'
has contrib/NEWS '3s/^\([0-9.]*\) (.*)$/\1/p'

# Everything else derives it from configure.ac.
pattern="(^|[^0-9.])$(printf %s "$version" | sed 's/\./\\./g')([^0-9.]|\$)"
others=$(cd "$top" && grep -rInE "$pattern" README configure.ac Makefile.am tayga.conf.example src include man contrib 2>/dev/null |
	grep -v "version=$version" | cut -d : -f 1 | sort -u | # that format has a version, too
	grep -v -x -e configure.ac -e contrib/NEWS -e contrib/debian/changelog -e contrib/packaging/rpm/nat64d.spec \
		-e contrib/packaging/arch/PKGBUILD -e contrib/packaging/alpine/APKBUILD -e contrib/packaging/openwrt/Makefile \
		-e contrib/packaging/nix/default.nix -e contrib/doc/performance.svg)
[ -z "$others" ]
report $? "no other file repeats the version" "$others"
finish
