#!/usr/bin/env bash
# The RPM package, built from the tarball, read by rpmlint and installed into a root directory.
#
# Prints TAP.  Debian's rpm has none of systemd's macros: they are defined here, as systemd-rpm-macros of Fedora has them, as
# far as the text of the scripts can be looked at.  Nothing is installed on this machine, and no script of the package runs.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
top=$(cd "$here/../.." && pwd)

for tool in rpmbuild rpm2cpio rpm make gcc; do
	command -v "$tool" >/dev/null || skip_all "needs $tool (Debian: rpm)"
done
T=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
# shellcheck source=tests/packaging/lib.sh
. "$top/tests/packaging/lib.sh"
make_tarball

# shellcheck disable=SC2016 # rpm expands it
macros=(--define "_topdir $T/rpm" --define "_unitdir /usr/lib/systemd/system" --define "debug_package %{nil}"
	--define "systemd_requires Requires(post): systemd" --define "_sysconfdir /etc" --define "_localstatedir /var"
	--define 'systemd_post() systemctl preset %*' --define 'systemd_preun() [ $1 -ne 0 ] || systemctl disable --now %*'
	--define 'systemd_postun_with_restart() [ $1 -lt 1 ] || systemctl try-restart %*' --define "_build_id_links none")
mkdir -p "$T/rpm/SOURCES"
cp "$TARBALL" "$T/rpm/SOURCES"
t "rpmbuild makes the package from the tarball" rpmbuild "${macros[@]}" --nodeps --nocheck -ba "$top/contrib/packaging/rpm/nat64d.spec"
rpm=$(find "$T/rpm/RPMS" -name '*.rpm')
[ -n "$rpm" ] || finish

if command -v rpmlint >/dev/null; then
	t "rpmlint finds nothing" rpmlint -s -c "$top/contrib/packaging/rpm/rpmlint.toml" "$top/contrib/packaging/rpm/nat64d.spec" "$rpm"
else
	skip "rpmlint finds nothing" "needs rpmlint"
fi

# asks QUERY: of the package.
asks() { rpm --dbpath "$T/db" -qp --qf "$1" "$rpm" 2>/dev/null; }
same "the license" BSD-2-Clause "$(asks '%{LICENSE}')"
same "the version" "$VERSION" "$(asks '%{VERSION}')"
same "only /etc/default/nat64d is configuration, and an upgrade keeps it" "/etc/default/nat64d 17" \
	"$(asks '[%{FILENAMES} %{FILEFLAGS}\n]' | awk '$2 > 0 && $2 != 2 && $2 != 128')"
same "the leases belong to the user of the daemon" "drwxr-x--- nat64d nat64d" \
	"$(asks '[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME}\n]' | sed -n 's|^/var/lib/nat64d ||p')"
same "everything else belongs to root" "" \
	"$(asks '[%{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME}\n]' | grep -v ' root:root$' | grep -v '^/var/lib/nat64d ')"
for script in PREIN POSTIN PREUN POSTUN; do
	asks "%{$script}" >"$T/$script"
	t "the script $script is one for sh" sh -n "$T/$script"
done
shows "the user is made before the files come" "useradd -r -g nat64d" cat "$T/PREIN"
shows "removing the package stops the daemon" "disable --now nat64d-sync.service nat64d-sync-check.service nat64d-health.service nat64d-metrics.socket nat64d-textfile.timer nat64d.service" cat "$T/PREUN"
shows "and its instances" "systemctl stop 'nat64d-textfile@*.timer' 'nat64d@*.service'" cat "$T/PREUN"
shows "an upgrade restarts it" "try-restart nat64d.service" cat "$T/POSTUN"
same "an installation starts nothing" "" "$(grep -E 'start|--now|enable' "$T/POSTIN")"

if [ "$(id -u)" -eq 0 ]; then
	mkdir "$T/root"
	t "rpm installs it into a root" rpm --root "$T/root" --nodeps --noscripts -i "$rpm"
	t "the daemon there runs" "$T/root/usr/sbin/nat64d" --version
	t "nat64-host there has its parts" test -r "$T/root/usr/share/nat64d/host/check.sh"
	shows "the unit there starts it" "ExecStart=/usr/sbin/nat64d " cat "$T/root/usr/lib/systemd/system/nat64d.service"
	shows "systemd-sysusers has its user" "u nat64d" cat "$T/root/usr/lib/sysusers.d/nat64d.conf"
	t "rpm verifies every file but its owner" rpm --root "$T/root" -V --nodeps --nouser --nogroup --noscripts nat64d
	echo changed >>"$T/root/etc/default/nat64d"
	t "rpm removes it" rpm --root "$T/root" --nodeps --noscripts -e nat64d
	same "and leaves what the operator has changed" "/etc/default/nat64d.rpmsave" \
		"$(cd "$T/root" && find . -type f ! -path './var/*' ! -path './usr/lib/sysimage/*' ! -path './root/*' | sed 's/^\.//')"
else
	skip "rpm installs it into a root" "needs root"
fi
finish
