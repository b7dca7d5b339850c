"""Where workers are forked from; the command that they are forked from is in `tests/cli/test_resume.py`."""

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from forked import exit_code_apart

from terrazzo.blockwise.cluster.worker_server import SETTINGS, is_alone

FAULTS = """
import resource
from terrazzo.blockwise.cluster.worker_server import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    array = bytearray(2**24)
    array[::4096] = bytes(2**12)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = max(faults(), faults())
keep_memory()
faults()
print(first, faults())
"""


HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
faults_tell = platform.libc_ver()[0] == "glibc" and not (HUGE_PAGES.exists() and "[always]" in HUGE_PAGES.read_text())


@pytest.mark.skipif(not faults_tell, reason="pages are counted by GNU's C library, where huge ones are not for all")
def test_a_process_that_is_told_to_keep_memory_gets_the_next_array_without_asking_the_system():
    untold = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    ended = subprocess.run([sys.executable, "-c", FAULTS], env=untold, capture_output=True, text=True, check=True)
    before, after = map(int, ended.stdout.split())
    assert before > 3000
    assert after < 300


def alone_until_a_thread_runs():
    assert is_alone()
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait)
    thread.start()
    assert not is_alone()
    ending.set()
    thread.join()


def test_a_process_is_alone_until_it_has_a_second_thread(tmp_path):
    assert exit_code_apart(alone_until_a_thread_runs, log=tmp_path / "log") == 0, (tmp_path / "log").read_text()
