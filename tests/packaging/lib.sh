# What the tests of the packages share: the tarball that a packager gets.
# shellcheck shell=bash disable=SC2034,SC2154 # $T and $top are the test's; what is set here is for it

VERSION=$(sed -n 's/^AC_INIT(\[nat64d\], \[\(.*\)\])$/\1/p' "$top/configure.ac")

# make_tarball: $TARBALL, from the build of $NAT64D.
make_tarball() {
	local build lock
	build=$(dirname "$NAT64D")
	TARBALL=$T/nat64d-$VERSION.tar.gz
	if [ -n "${NAT64_TARBALL-}" ]; then
		cp "$NAT64_TARBALL" "$TARBALL"
		return
	fi
	[ -f "$build/Makefile" ] || skip_all "needs a build in $build, or NAT64_TARBALL"
	# Several tests may do this at once.
	exec {lock}>"$build/dist.lock"
	flock "$lock"
	if ! make -s -C "$build" dist-gzip >"$T/dist" 2>&1 </dev/null; then
		not_ok "make dist" "$(tail -n 20 "$T/dist")"
		finish
	fi
	mv "$build/nat64d-$VERSION.tar.gz" "$TARBALL"
	rm -f "$build/dist.lock"
	exec {lock}>&-
}
