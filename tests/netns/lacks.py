#!/usr/bin/env python3
"""Runs a program in a kernel that seems to lack system calls of the sandbox.

lacks.py seccomp ERROR PROGRAM [ARGUMENT...]      seccomp(2) fails with ERROR, a name such as ENOSYS
lacks.py landlock ERROR PROGRAM [ARGUMENT...]     the calls of Landlock do
lacks.py both ERROR PROGRAM [ARGUMENT...]         all of these do
lacks.py rights ERROR PROGRAM [ARGUMENT...]       the kernel tells its ABI, but no set of rights can be created
lacks.py newer ERROR PROGRAM [ARGUMENT...]        it tells its ABI, but knows only the files of the first
"""
import ctypes
import errno
import os
import platform
import struct
import sys

SECCOMP = {"x86_64": 317, "aarch64": 277, "riscv64": 277, "ppc64le": 358, "s390x": 348}
LANDLOCK = (444, 445, 446)
LOAD, JUMP_IF_EQUAL, JUMP_IF_GREATER, RETURN = 0x20, 0x15, 0x25, 0x06
ALLOW, ERROR = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
NR = 0
LITTLE = sys.byteorder == "little"  # the lower half of an argument
SIZE, FLAGS = (16 + 8 * i + (0 if LITTLE else 4) for i in (1, 2))


def code(what, error):
    """The filter: the calls that the words name fail."""
    fail = (RETURN, 0, 0, ERROR | error)
    yield (LOAD, 0, 0, NR)
    if what in ("seccomp", "both"):
        yield (JUMP_IF_EQUAL, 0, 1, SECCOMP[platform.machine()])
        yield fail
    if what in ("landlock", "both"):
        for call in LANDLOCK:
            yield (JUMP_IF_EQUAL, 0, 1, call)
            yield fail
    if what in ("rights", "newer"):
        yield (JUMP_IF_EQUAL, 0, 5 if what == "newer" else 3, LANDLOCK[0])
        yield (LOAD, 0, 0, FLAGS)
        yield (JUMP_IF_EQUAL, 0, 3 if what == "newer" else 1, 0)
        if what == "newer":
            yield (LOAD, 0, 0, SIZE)
            yield (JUMP_IF_GREATER, 0, 1, 8)
        yield fail
    yield (RETURN, 0, 0, ALLOW)


def main():
    lines = list(code(sys.argv[1], getattr(errno, sys.argv[2])))
    room = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    prog = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(room)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
       libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_void_p(ctypes.addressof(prog)), 0, 0):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[3], sys.argv[3:])


main()
