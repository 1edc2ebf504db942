#!/usr/bin/env python3
"""fastpath_code - src/linux/fastpath_code.h out of what clang makes of src/linux/fastpath.bpf.c.

    tests/tree/fastpath_code.py OBJECT VERSION >src/linux/fastpath_code.h

OBJECT is the ELF file, VERSION the compiler's, for the comment.  `make fastpath-code' does all of it.
"""

import struct
import sys

MAPS = ("fastpath_shared", "fastpath_pairs4", "fastpath_pairs6", "fastpath_scratch", "fastpath_flows")
PER_LINE = 4


def sections(elf):
    """(name, bytes) of each section."""
    at, = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, at + i * size) for i in range(count)]
    strings = headers[names][4]
    for name, _, _, _, offset, length, link, _, _, _ in headers:
        end = elf.index(b"\0", strings + name)
        yield elf[strings + name:end].decode(), elf[offset:offset + length]


def relocations(parts):
    """(instruction, map) of each place where a map belongs."""
    symbols, strings = parts[".symtab"], parts[".strtab"]
    for at in range(0, len(parts[".reltc"]), 16):
        offset, info = struct.unpack_from("<QQ", parts[".reltc"], at)
        name, = struct.unpack_from("<I", symbols, (info >> 32) * 24)
        symbol = strings[name:strings.index(b"\0", name)].decode()
        yield offset // 8, MAPS.index(symbol)


def main():
    with open(sys.argv[1], "rb") as file:
        parts = dict(sections(file.read()))
    code = [v for v, in struct.iter_unpack("<Q", parts["tc"])]
    print("/* fastpath_code - fastpath.bpf.c as instructions for the kernel, little-endian: made by\n"
          f" * `make fastpath-code' with {sys.argv[2]}. */\n"
          "#ifndef NAT64D_FASTPATH_CODE_H\n#define NAT64D_FASTPATH_CODE_H\n\n#include <stdint.h>\n\n"
          "/* clang-format off */\nstatic const uint64_t fastpath_code[] = {")
    for at in range(0, len(code), PER_LINE):
        print("\t" + " ".join(f"0x{v:016x}," for v in code[at:at + PER_LINE]))
    print("};\n\n/* Where which map belongs. */\nstatic const struct fastpath_place {\n\tuint16_t at, map;\n"
          "} fastpath_places[] = {")
    for at, number in relocations(parts):
        print(f"\t{{{at}, {number}}}, /* {MAPS[number]} */")
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
