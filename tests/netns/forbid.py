#!/usr/bin/env python3
"""Runs a program to which the kernel refuses bpf(2), as filters of system calls do in containers.

forbid.py ERROR COMMAND PROGRAM [ARGUMENT...]   ERROR: a name such as EPERM; COMMAND: the number of the only one that is
                                                refused (28: a link, 5: a program), or all
"""
import ctypes
import errno
import os
import platform
import struct
import sys

NUMBER = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERROR = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
NR, ARGUMENT = 0, 16


def main():
    name, command, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    code = [(LOAD, 0, 0, NR), (JUMP_IF_EQUAL, 0, 1 if command == "all" else 3, NUMBER[platform.machine()])]
    if command != "all":
        code += [(LOAD, 0, 0, ARGUMENT), (JUMP_IF_EQUAL, 0, 1, int(command))]
    code += [(RETURN, 0, 0, ERROR | getattr(errno, name)), (RETURN, 0, 0, ALLOW)]
    room = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *c) for c in code))
    prog = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(room)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
       libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_void_p(ctypes.addressof(prog)), 0, 0):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execvp(program[0], program)


main()
