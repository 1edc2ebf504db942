#!/usr/bin/env bash
# The package of Arch, built by makepkg from the tarball and looked at.
#
# Prints TAP.  makepkg refuses to run as root, so that root becomes nobody.
# shellcheck disable=SC2317 # functions are called by t
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)

for tool in makepkg bsdtar fakeroot setpriv; do
	command -v "$tool" >/dev/null || skip_all "needs $tool (Debian: makepkg, libarchive-tools, fakeroot)"
done
T=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
chmod 755 "$T"
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/packaging/lib.sh
. "$top/tests/packaging/lib.sh"
make_tarball

mkdir "$T/arch"
cp "$TARBALL" "$top"/contrib/packaging/arch/* "$T/arch"
as=()
if [ "$(id -u)" -eq 0 ]; then
	chown -R 65534:65534 "$T/arch"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
# Debian's makepkg is set up for no architecture and knows of no packages.
make_package() {
	cd "$T/arch" && "${as[@]}" env HOME="$T/arch" CARCH="$(uname -m)" PKGEXT=.pkg.tar.gz PACKAGER="nobody <nobody@packages.example>" \
		makepkg --nodeps --nocheck --noconfirm --skippgpcheck </dev/null
}
t "makepkg makes the package from the tarball" make_package
package=$(find "$T/arch" -name 'nat64d-*.pkg.tar.*')
[ -n "$package" ] || finish
mkdir "$T/root"
bsdtar -C "$T/root" -xf "$package"

same "the version" "$VERSION-1" "$(sed -n 's/^pkgver = //p' "$T/root/.PKGINFO")"
same "what the operator changes is kept" etc/default/nat64d "$(sed -n 's/^backup = //p' "$T/root/.PKGINFO")"
t "the daemon runs" "$T/root/usr/bin/nat64d" --version
same "nothing is in /usr/sbin, which is a link there" "" "$(find "$T/root/usr/sbin" "$T/root/usr/local" 2>/dev/null)"
shows "the unit starts it" "ExecStart=/usr/bin/nat64d " cat "$T/root/usr/lib/systemd/system/nat64d.service"
shows "the user is one for systemd-sysusers" "u nat64d" cat "$T/root/usr/lib/sysusers.d/nat64d.conf"
t "the license is there" test -s "$T/root/usr/share/licenses/nat64d/COPYING"
t "its scripts are for the shell" bash -n "$T/root/.INSTALL"
same "no path of the build is left in a text" "" "$(grep -rIl "$T" "$T/root" --exclude=.BUILDINFO --exclude=.MTREE)"
finish
