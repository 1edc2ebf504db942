#!/bin/sh
# check_monitoring - checks the files for Prometheus and Grafana: the alert rules are valid and fire when they should, the
# dashboard is valid, and both use metrics that exist.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=${srcdir:-.}
rules=$top/contrib/monitoring/nat64d-alerts.yml
board=$top/contrib/monitoring/nat64d-dashboard.json
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"

# metrics: prints the metrics in the source; a histogram has three names.
metrics()
{
	sed -n 's/^[[:space:]]*{"\(nat64d_[a-z_]*\)", "\([a-z]*\)".*/\1 \2/p' "$top/src/daemon/metrics.c" | while read -r name type; do
		[ "$type" = histogram ] || echo "$name"
		[ "$type" != histogram ] || printf '%s\n' "${name}_bucket" "${name}_sum" "${name}_count"
	done
}

# named FILE: prints the metrics that it uses.
named()
{
	grep -Eo 'nat64d_[a-z_]+' "$1" | sort -u
}

check_names()
{
	names=$(metrics)
	[ "$(echo "$names" | wc -l)" -ge 20 ]
	report $? "the metrics are readable" "$names"
	for file in "$rules" "$board"; do
		for name in $(named "$file"); do
			echo "$names" | grep -Fqx -e "$name"
			report $? "$name of ${file##*/} exists"
		done
	done
	for name in $names; do
		named "$board" | grep -Fqx -e "$name"
		report $? "$name is in the dashboard"
	done
}

# Checks that every expression is valid.  They are written as rules, because promtool checks rules.
expressions()
{
	python3 - "$board" <<-'END'
		import json, re, sys
		board = json.load(open(sys.argv[1]))
		all = [t["expr"] for p in board["panels"] for t in p["targets"]]
		all += [a["expr"] for a in board["annotations"]["list"]]
		print("groups:\n- name: panels\n  rules:")
		for i, e in enumerate(all):
		    e = e.replace("$__rate_interval", "1m").replace("$instance", ".*")
		    print("  - {record: 'panel:%d', expr: %s}" % (i, json.dumps(e)))
	END
}

check_dashboard()
{
	if ! command -v python3 >/dev/null 2>&1; then
		leave_out "the dashboard is whole" "needs python3"
		return
	fi
	found=$(python3 - "$board" 2>&1 <<-'END'
		import json, sys
		board = json.load(open(sys.argv[1]))
		panels = board["panels"]
		assert len(panels) >= 15, "too few panels"
		assert len({p["id"] for p in panels}) == len(panels), "two panels have the same number"
		taken = set()
		for p in panels:
		    at = p["gridPos"]
		    cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
		    assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"] + " lies over another"
		    taken |= cells
		    assert p["targets"] and p["description"] and p["datasource"]["uid"] == "${datasource}", p["title"]
	END
	)
	report $? "the dashboard is whole, and no panel lies over another" "$found"
}

check_rules()
{
	if ! command -v promtool >/dev/null 2>&1; then
		leave_out "the alert rules" "needs promtool (Debian: prometheus)"
		return
	fi
	dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM HUP
	found=$(promtool check rules "$rules" 2>&1)
	report $? "the alert rules are well formed" "$found"
	found=$(promtool test rules "$top/tests/monitoring/alerts_test.yml" 2>&1)
	report $? "each fires when it should, and not without" "$found"
	expressions >"$dir/panels.yml"
	found=$(promtool check rules "$dir/panels.yml" 2>&1)
	report $? "the expressions of the dashboard are understood" "$found"
	for name in $(sed -n 's/^ *- alert: //p' "$rules"); do
		grep -A 2 "eval_time: [0-9mh]*\$" "$top/tests/monitoring/alerts_test.yml" | grep -Eq "alertname: $name\$"
		report $? "alert $name is seen to fire"
	done
}

check_names
check_dashboard
check_rules
finish
