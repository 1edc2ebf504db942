# Downloads and unpacks kernel packages of Debian, without changes to this machine.
# shellcheck shell=bash disable=SC2154 # variables of run

# The release that has each kernel.
declare -A release=([6.1]=bookworm [6.12]=trixie)
archive=${DEBIAN_ARCHIVE:-http://deb.debian.org}

# apt_place DIRECTORY RELEASE: makes separate lists and a separate cache for apt.  It uses the proxy and the keys of this
# machine.
apt_place() {
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
	cat >"$1/sources" <<-END
		deb $archive/debian $2 main
		deb $archive/debian-security $2-security main
	END
	cat >"$1/conf" <<-END
		Dir::Etc::sourcelist "$1/sources";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$1/lists";
		Dir::Cache "$1/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	END
}

# kernel_package: prints the name of the package with the newest kernel.
kernel_package() {
	apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

# download VERSION DIRECTORY: downloads the package of that kernel to DIRECTORY.
download() {
	local place=$T/apt-$1
	apt_place "$place" "${release[$1]}"
	(fetch "$place" "$2") >"$place/log" 2>&1 && return
	sed 's/^/# /' "$place/log"
	return 1
}

# fetch PLACE DIRECTORY
fetch() {
	local name
	export APT_CONFIG=$1/conf
	apt-get -q update && name=$(kernel_package) && [ -n "$name" ] && cd "$2" && apt-get -q download "$name"
}

# package_in VERSION DIRECTORY: prints the newest package of that kernel in DIRECTORY, if there is one.
package_in() {
	find "$2" -maxdepth 1 -name "linux-image-$1.*-cloud-amd64_*.deb" 2>/dev/null | sort -V | tail -n 1 | grep .
}

# package VERSION|FILE: prints the path of the package, and downloads it if necessary.
package() {
	if [ -f "$1" ]; then
		echo "$1"
	elif ! package_in "$1" "$packages"; then
		download "$1" "$packages" >&2 && package_in "$1" "$packages"
	fi
}

# unpack FILE DIRECTORY: unpacks a kernel to DIRECTORY, with its modules prepared for modprobe, and prints its release.
unpack() {
	local image
	dpkg-deb -x "$1" "$2" && image=$(compgen -G "$2/boot/vmlinuz-*") || return
	[ ! -d "$2/usr/lib/modules" ] || [ -e "$2/lib" ] || ln -s usr/lib "$2/lib"
	depmod -b "$2" "${image##*/vmlinuz-}" && echo "${image##*/vmlinuz-}"
}
