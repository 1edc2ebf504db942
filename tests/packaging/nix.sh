#!/usr/bin/env bash
# The package and the module of NixOS: they parse, options become a configuration that nat64d takes, and the unit has the
# rights and restrictions of contrib/nat64d.service.in.  nixpkgs is made up by nix.nix.
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
NAT64D=${NAT64D:-$top/nat64d}
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
if ! command -v nix-instantiate >/dev/null || ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP needs nix-instantiate (Debian: nix-bin) and python3"
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
export MODULE=$top/contrib/packaging/nix/module.nix PACKAGE=$top/contrib/packaging/nix/default.nix
export NIX_STORE_DIR=$dir/store NIX_STATE_DIR=$dir/state NIX_LOG_DIR=$dir/log HOME=$dir

# value NAME: of what nix.nix has returned; a list of lists becomes lines.
value() {
	python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))[sys.argv[2]]
print(value if isinstance(value, str) else json.dumps(value), end="")' "$dir/result" "$1"
}

# differing: the restrictions of the unit of contrib that the unit of the module does not have, or has with another value.
differing() {
	python3 -c 'import json, re, sys
ours = json.load(open(sys.argv[1]))["unit"]
def words(value):
    if isinstance(value, list):
        return sorted(" ".join(value).split())
    return sorted({True: "yes", False: "no"}.get(value, str(value)).split()) if isinstance(value, bool) else sorted(str(value).split())
theirs = {}
for line in open(sys.argv[2]).read().split("[Service]")[1].split("[Install]")[0].splitlines():
    if "=" in line and not line.startswith("#"):
        name, text = line.split("=", 1)
        theirs[name] = theirs.get(name, "") + " " + text
# The programs have other places, DynamicUser makes data-dir, and Tayga is not in NixOS.
for name in set(theirs) - {"ExecStartPre", "ExecStart", "ExecStop", "ExecReload", "ReadWritePaths"}:
    if words(ours.get(name, "")) != words(theirs[name].strip()):
        print(name, ours.get(name), theirs[name])' "$dir/result" "$top/contrib/nat64d.service.in"
}

for file in "$MODULE" "$PACKAGE"; do
	said=$(nix-instantiate --parse "$file" 2>&1 >/dev/null | grep -v nixbld)
	report "${#said}" "${file##*/} parses" "$said"
done
nix-instantiate --eval --strict --json "$here/nix.nix" >"$dir/result" 2>"$dir/said"
report $? "the module can be evaluated" "$(cat "$dir/said")"
for which in plain rich; do
	value "$which" >"$dir/$which"
	said=$("$NAT64D" -t -c "$dir/$which" 2>&1)
	report $? "nat64d takes the configuration ($which)" "$said"
done
for line in "prefix 2001:db8:64::/96" "prefix 64:ff9b::/96" "map 192.0.2.10 2001:db8:1::10" "wkpf-strict no" "offlink-mtu 1500" \
	"icmp-rate 200 10"; do
	grep -qx "$line" "$dir/rich"
	report $? "a line: $line"
done
said=$(differing)
report "${#said}" "the unit has the restrictions of ours" "$said"
[ "$(value off)" = "{}" ] && [ "$(value hostless)" = true ]
report $? "disabled, it adds nothing; without nat44, no nat64-host"
[ "$(value undescribed)" = "[]" ]
report $? "each option has a description" "$(value undescribed)"
[ "$(value version)" = "$(sed -n 's/^AC_INIT(\[nat64d\], \[\(.*\)\])$/\1/p' "$top/configure.ac")" ]
report $? "the package has the version of configure.ac" "$(value version)"
finish
