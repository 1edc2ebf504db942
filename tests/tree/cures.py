"""Prints every text of nat64-host check that may be a command or a part of one: "FUNCTION<tab>TEXT" lines.

These are the last argument of finding, fault and judge, the arguments of echo and printf, and assignments of several words.  Arguments: contrib/host/check*.sh.
"""

import re
import sys

COMMAND_AT = {"finding": 4, "fault": 3, "judge": 4}
ENDS = ";|&)\n"


def skip_quoted(s, i):
    """Returns the index after the quoted text or the substitution that begins at s[i]."""
    if s[i] == "\\":
        return i + 2
    if s[i] == "'":
        return s.index("'", i + 1) + 1
    if s.startswith("$(", i):
        i += 2
        depth = 1
        while depth:
            if s[i] in "\"'\\":
                i = skip_quoted(s, i)
            else:
                depth += {"(": 1, ")": -1}.get(s[i], 0)
                i += 1
        return i
    if s[i] == '"':
        i += 1
        while s[i] != '"':
            i = skip_quoted(s, i) if s[i] == "\\" or s.startswith("$(", i) else i + 1
        return i + 1
    return i + 1


def words_from(s, i):
    """Returns the words of the simple command that begins at s[i], and the index after it."""
    words, word = [], ""
    while i < len(s) and s[i] not in ENDS:
        if s.startswith("\\\n", i):
            i += 2
        elif s[i] in " \t":
            if word:
                words.append(word)
            word = ""
            i += 1
        else:
            end = skip_quoted(s, i)
            word += s[i:end]
            i = end
    return words + [word] if word else words, i


def commands(s):
    """Each simple command in S, those of substitutions among them, with the name of its function."""
    function, i = "", 0
    while i < len(s):
        if s[i] == "#" and (i == 0 or s[i - 1] in " \t\n;"):
            i = (s + "\n").index("\n", i)
            continue
        name = re.compile(r"([a-z0-9_]+)\(\)\n").match(s, i)
        if name and (i == 0 or s[i - 1] == "\n"):
            function, i = name.group(1), name.end()
            continue
        if re.compile(r"(finding|fault|judge|echo|printf)[ \t]").match(s, i) and (i == 0 or not re.match(r"[\w-]", s[i - 1])):
            words, end = words_from(s, i)
            yield function, words
            # Also search the substitutions in it.
            for inner in re.finditer(r"\$\(", s[i:end]):
                at = i + inner.end()
                yield from ((function, w) for _, w in commands(s[at:skip_quoted(s, at - 2) - 1]))
            i = end
            continue
        assigned = re.compile(r'[a-z_]+="').match(s, i)
        if assigned and (i == 0 or s[i - 1] in " \t\n({;"):
            end = skip_quoted(s, assigned.end() - 1)
            if " " in s[assigned.end():end]:
                yield function, ["echo", s[assigned.end() - 1:end]]
            i = end
            continue
        # Skip quoted text, but not substitutions in it.
        i = s.index("'", i + 1) + 1 if s[i] == "'" else i + 1 if s[i] != "\\" else i + 2


def texts():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            for function, words in commands(f.read()):
                if words[0] in COMMAND_AT:
                    at = COMMAND_AT[words[0]]
                    if len(words) > at:
                        yield function, words[at]
                else:
                    yield function, " ".join(words[1:])


for line in sorted({f"{function}\t{' '.join(text.split())}" for function, text in texts()}):
    print(line)
