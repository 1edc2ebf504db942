# init --dns64: a resolver that gives names without IPv6 addresses one in our prefix.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

dns64_plan()
{
	problem "--dns64 $dns64: not available in this version"
}

dns64_check()
{
	return 0
}
