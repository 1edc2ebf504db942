# Reads keys, and prints them in one line when the shell is ready for them.  Other words than keys are passed on at once.

/^ready$/ { ready = 1 }
/_/ && !($1 in dirty) { dirty[$1]; n++ }
!/_/ && !/^ready$/ { print; fflush() }

ready && n > 0 {
	line = ""
	for (key in dirty)
		line = line " " key
	print line
	fflush()
	split("", dirty)
	n = ready = 0
}
