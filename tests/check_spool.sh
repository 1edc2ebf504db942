#!/bin/sh
# check_spool - what the units do before a start with the leases of Tayga, which were root's: the user of the daemon gets them,
# and nothing else that somebody has put in their place.
#
# Prints TAP.  $srcdir is the top of the source tree, $NAT64D the daemon.

top=$(cd "${srcdir:-.}" && pwd)
NAT64D=${NAT64D:-./nat64d}
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"

# Everything happens where nobody else sees it: with a /var/spool and an /etc of our own, in which there is the user.
if [ "${1-}" != inside ]; then
	if [ "$(id -u)" -ne 0 ] || [ ! -d /var/spool ] || ! command -v setpriv >/dev/null || ! unshare -m true 2>/dev/null; then
		echo "1..0 # SKIP needs root, /var/spool, setpriv, and to mount"
		exit 0
	fi
	NAT64D=$(cd "$(dirname "$NAT64D")" && pwd)/$(basename "$NAT64D") srcdir=$top exec unshare -m sh "$top/tests/check_spool.sh" inside
fi
mount -t tmpfs -o mode=755 tmpfs /etc && mount -t tmpfs -o mode=755 tmpfs /var/spool || exit 1
echo 'nat64d:x:997:997::/:/bin/false' >/etc/passwd
echo 'nat64d:x:997:' >/etc/group
echo 'old secret' >/etc/shadow
chmod 640 /etc/shadow
cp "$top/contrib/host/spool.sh" /etc/spool.sh
spool=/var/spool/tayga
leases=$spool/dynamic.map

# fresh OWNER: the directory as Tayga has left it, and a configuration that names it.
fresh()
{
	rm -rf "$spool"
	mkdir -m 755 "$spool"
	echo '192.168.255.9	2001:db8::9	1' >"$leases"
	chmod 644 "$leases"
	chown -R "$1" "$spool"
	printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' 'prefix 64:ff9b::/96' 'dynamic-pool 192.168.255.0/24' "data-dir $spool" \
		>/etc/nat64.conf
}

run()
{
	sh /etc/spool.sh "$NAT64D" /etc/nat64.conf 2>/dev/null
}

# owners NAME WANTED: whose the directory, the leases and the secret are.
owners()
{
	said=$(stat -c %u "$spool" "$leases" /etc/shadow 2>/dev/null | paste -s -d ' ' -)
	[ "$said" = "$2" ] && [ "$(cat /etc/shadow)" = 'old secret' ]
	report $? "$1" "$said"
}

for owner in 0 998; do
	fresh $owner
	run
	owners "the directory of user $owner: it and the leases are given" "997 997 0"
	[ "$(cat "$leases")" = '192.168.255.9	2001:db8::9	1' ] && [ "$(ls -A "$spool")" = dynamic.map ]
	report $? "the directory of user $owner: the leases are what they were" "$(ls -lA "$spool")"
done
rm "$leases" && (umask 022 && echo '192.168.255.9	2001:db8::9	1' >"$leases")
run
owners "Tayga has written there meanwhile: given again" "997 997 0"
fresh 0
rm "$leases"
run
owners "no leases yet: the directory is given" "997 0"
run
owners "no leases yet: and stays so" "997 0"
fresh 0
sed -i '/^data-dir/d' /etc/nat64.conf
run
owners "another data-dir: nothing is given" "0 0 0"

# The user has had the directory already, and knows what is coming.
fresh 997
ln -f /etc/shadow "$leases" 2>/dev/null || { rm "$leases" && cp /etc/shadow /var/spool/shadow && ln /var/spool/shadow "$leases"; }
run
owners "another name of a file of root's: is not given" "997 0 0"
chown 0 "$spool"
run
owners "another name of a file of root's, in a directory that is root's again: is not given" "997 0 0"
rm -f "$leases" && ln -s /etc/shadow "$leases"
run
owners "a link to a file of root's: is not given" "997 0 0"
[ -L "$leases" ]
report $? "a link to a file of root's: nor copied"
rm -rf "$spool" && mkdir /var/spool/other && ln -s other "$spool"
run
[ "$(stat -c %u /var/spool/other)" = 0 ]
report $? "a link in the place of the directory: is not followed"
rm "$spool" && fresh 0
chmod 777 /var/spool
run
owners "a place where others may put a directory: nothing is given" "0 0 0"
chmod 755 /var/spool
finish
