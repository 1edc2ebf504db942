# init --announce: router advertisements that tell hosts the prefix and the resolver.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

announce_plan()
{
	problem "--announce $announce: not available in this version"
}

announce_check()
{
	return 0
}
