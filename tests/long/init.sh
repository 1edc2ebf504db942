#!/usr/bin/env bash
# `nat64-host init' on Debian 13, with radvd, and with an address for DNS64 by each network manager.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export NAT64_RELEASE=${NAT64_RELEASE:-trixie} MANAGERS=${MANAGERS:-networkd ifupdown NetworkManager}
exec "$here/../system/init.sh"
