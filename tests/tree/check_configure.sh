#!/bin/sh
# check_configure - checks where configure puts the configuration, and that the tests build without the Check library.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=$(cd "${srcdir:-.}" && pwd) || exit 1
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# configure OPTION...: runs configure with a cache, so that later runs are fast.
configure()
{
	(cd "$dir" && "$top/configure" -q --cache-file=cache "$@") >"$dir/said" 2>&1
}

# goes_to DIRECTORY [OPTION...]
goes_to()
{
	where=$1
	shift
	configure "$@" && grep -q "^ *configuration *$where/nat64\.conf\$" "$dir/said"
	report $? "configure $*: the configuration is in $where"
}

if [ ! -x "$top/configure" ] || ! configure; then
	echo "1..0 # SKIP configure does not run here"
	exit 0
fi
goes_to /etc
goes_to /etc --prefix=/usr
goes_to /usr/etc --prefix=/usr --sysconfdir=/usr/etc
goes_to /opt/nat64d/etc --prefix=/opt/nat64d

# Remove the library and pkg-config from the cache.
sed -i '/CHECK_\|PKG_CONFIG\|pkg_cv/d' "$dir/cache"
configure PKG_CONFIG=false && grep -q 'unit tests  *no: ' "$dir/said"
report $? "without the Check library, configure says so"
grep -q '^TESTS = ' "$dir/Makefile" && ! grep -q '^check_LIBRARIES = .*librig' "$dir/Makefile"
report $? "and nothing that needs it is built"
finish
