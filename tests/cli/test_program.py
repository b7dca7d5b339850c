"""The command line as a process of its own, which ends itself: with which code, and what has been written by then."""

import os
import subprocess
import sys

import pytest

COMMANDS = """
from terrazzo.cli import app
from terrazzo.errors import InputError

@app.app.command()
def little(): print("little")

@app.app.command()
def much(): print("x\\n" * 100_000)

@app.app.command()
def wrong():
    print("before")
    raise InputError("it is wrong")

@app.app.command()
def fails():
    print("before")
    raise RuntimeError("nobody foresaw it")

app.program()
"""


def ended(*words, **pipes):
    """Run one of those commands, whose output is kept back until there is much of it, as in a shell."""
    there = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | pipes
    return subprocess.run([sys.executable, "-c", COMMANDS, *words], check=False, text=True, env=there, **pipes)


@pytest.fixture
def unread():
    """The end of a pipe to write to whose other end is closed."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


def test_what_was_printed_is_written_whole():
    found = ended("much")
    assert (found.returncode, found.stdout, found.stderr) == (0, "x\n" * 100_000 + "\n", "")


def test_a_mistake_ends_with_2_and_one_sentence():
    found = ended("wrong")
    assert (found.returncode, found.stdout, found.stderr) == (2, "before\n", "Error: it is wrong\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("fails",), "RuntimeError: nobody foresaw it"),
        (("wrong", "--debug"), "terrazzo.errors.InputError: it is wrong"),
    ],
    ids=lambda one: one[-1] if isinstance(one, tuple) else "",
)
def test_what_nobody_foresaw_and_a_mistake_to_debug_end_with_1_and_the_traceback(words, error):
    found = ended(*words)
    assert (found.returncode, found.stdout) == (1, "before\n")
    assert found.stderr.startswith("Traceback (most recent call last):\n")
    assert found.stderr.count("Traceback") == 1
    assert found.stderr.endswith(f"\n{error}\n")


@pytest.mark.parametrize("much", ["little", "much"])
def test_where_nobody_reads_on_it_ends_in_silence_with_the_code_of_other_tools(much, unread):
    found = ended(much, stdout=unread)
    assert (found.returncode, found.stderr) == (141, "")


def test_where_nobody_reads_the_sentence_the_code_tells_of_the_mistake(unread):
    assert ended("wrong", stderr=unread).returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no file that is always full")  # noqa: PTH110
@pytest.mark.parametrize("much", ["little", "much"])
def test_what_cannot_be_written_is_a_mistake_of_one_sentence(much):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        found = ended(much, stdout=full)
    assert (found.returncode, found.stderr) == (2, "Error: No space left on device; mend that and run it again\n")
