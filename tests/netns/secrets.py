"""Prints the name of each mapping of a process that contains the secret of the pool, as bytes or as text.

secrets.py PID FILE
"""

import re
import struct
import sys

with open(sys.argv[2], encoding="ascii") as file:
    text = file.read().strip()
halves = [int(text[:16], 16), int(text[16:], 16)]
wanted = [text.encode(), struct.pack("=QQ", *halves)] + [struct.pack("=Q", half) for half in halves]
with open(f"/proc/{sys.argv[1]}/maps", encoding="utf-8") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb", 0) as memory:
    for line in maps:
        start, end, rights, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
        if not rights.startswith("rw"):
            continue
        memory.seek(int(start, 16))
        try:
            content = memory.read(int(end, 16) - int(start, 16))
        except OSError:
            continue
        for what, secret in zip(("text", "both", "first", "second"), wanted):
            if secret in content:
                print(name or "anonymous", what)
