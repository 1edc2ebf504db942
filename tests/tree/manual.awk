# Extracts the literal blocks of man/nat64.7, and the mark in the line before each block.
#
#   awk -f manual.awk nat64.7              a line for each: NUMBER KIND MACHINE PATH SECTION, with tabs between; the number
#                                          is that of its first line, the kind `file', `run', `shown', `not-run', or
#                                          `unmarked'
#   awk -v block=NUMBER -f manual.awk nat64.7    what is in it, as a reader sees it

function as_read(line)
{
	gsub(/\\&/, "", line)
	gsub(/\\-/, "-", line)
	gsub(/\\e/, "\\", line)
	return line
}

function mark(line, word)
{
	if (line !~ /^\.\\" (file|run|shown|not run)/)
		return "unmarked\t-\t-"
	split(line, word, " ")
	sub(/:$/, "", word[2])
	if (word[2] == "not")
		return "not-run\t-\t-"
	return word[2] "\t" (word[3] == "" ? "-" : word[3]) "\t" (word[4] == "" ? "-" : word[4])
}

/^\.S[hs] / { section = as_read(substr($0, 5)) }
/^\.Bd -literal/ { inside = NR + 1; if (!block) print inside "\t" mark(before) "\t" section }
/^\.Ed/ { inside = 0 }
inside && inside == block && NR >= inside { print as_read($0) }
{ before = $0 }
