"""Runs a command, kills it with SIGABRT when a file appears, and prints how it ended.

killed.py FILE COMMAND...
"""

import os
import signal
import sys
import time

child = os.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
time.sleep(0.1)  # until the command runs
os.kill(child, signal.SIGABRT)
status = os.waitpid(child, 0)[1]
print(f"signal {os.WTERMSIG(status)}" + (", core dumped" if os.WCOREDUMP(status) else ""))
