"""Runs predictions that can be killed: forked from a process that is warm, so that each begins at once.

Reads one JSON document per line, the job, from standard input and answers each with one on standard output.
"""

import itertools
import json
import math
import os
import pathlib
import resource
import signal
import sys
import threading

import dask.threaded

import terrazzo as tz
from terrazzo.blockwise.runs import write_prediction as module
from terrazzo.errors import TerrazzoError

ROOM = 2000  # bytes: more than a log, less than a part of a table
CHANGES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")
FINISHED, MISTAKE, KILLED = "finished", "mistake", "killed"


def main():
    warm_up(json.loads(sys.stdin.readline()))
    print(json.dumps("warm"), flush=True)
    for line in sys.stdin:
        print(json.dumps(run_apart(json.loads(line))), flush=True)


def warm_up(jobs):
    """Load and compile what predictions need."""
    for job in jobs:
        predict(job)


def run_apart(job):
    """Run a job in a process of its own."""
    hears, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hears)
        dask.threaded.default_pool = None  # its threads are the parent's
        said = run(job)
        os.write(says, said.encode())
        os._exit(0)
    os.close(says)
    with os.fdopen(hears) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    how = KILLED if os.WIFSIGNALED(status) else MISTAKE if said else FINISHED
    return {"how": how, "said": said}


def run(job):
    """Run a job here; return the sentence of a mistake, or nothing."""
    begins = little_room_after(job.get("full_after", math.inf), job.get("deadly", False))
    for name in ("write_pass", "write_levels"):
        setattr(module, name, logged(getattr(module, name), job["log"], begins))
    if job.get("kill_at_operation") is not None:
        kill_at_operation(job["result"], job["kill_at_operation"], job["log"])
    calls = kill_at_call(job["kill_at_call"]) if job.get("kill_at_call") is not None else None
    try:
        predict(job)
    except TerrazzoError as error:
        return str(error)
    if calls is not None:
        note(job["log"], f"calls {next(calls)}")
    return ""


def predict(job):
    image, model = tz.open_image(job["image"]), tz.open_model(job["model"])
    return tz.write_prediction(model, image, job["result"], block=job["block"], device="cpu", probabilities=True)


def logged(function, log, begins):
    """Note each block that is computed, and tell that it begins."""

    def noting(block, *shared):
        name, step = ("levels", shared[-1:]) if function.__name__ == "write_levels" else (shared[0].name, ())
        note(log, f"{name} {'-'.join(map(str, (*step, *block.index)))}")
        begins()
        return function(block, *shared)

    return noting


def little_room_after(blocks, deadly):
    """Leave little room once so many blocks have begun: the system writes no more to a file than chunks need.

    Who writes more gets an error, as on a full disk; where it is deadly, dies with a part of the file written.
    """
    begun = itertools.count(1)
    if deadly:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    def begins():
        if next(begun) > blocks:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))

    return begins


def kill_at_call(number):
    """Kill this process when its threads call a function the so manyth time; return the count.

    Anything may be half done then, as at a moment in seconds, but on a slow machine it is the same moment.
    """
    calls = itertools.count(1)

    def watch(_frame, event, _function):
        if event in ("call", "c_call") and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)
    return calls


def note(log, line):
    with open(log, "a") as file:  # noqa: PTH123
        file.write(f"{line}\n")


def kill_at_operation(result, number, log):
    """Kill this process when it is about to make, rename or remove a file or folder of the result the so manyth time.

    With number 0 it lives on and notes how many times there were.
    """
    count, name = 0, pathlib.Path(result).name

    def watch(event, arguments):
        nonlocal count
        if event in CHANGES and name in str(arguments[0]) and str(arguments[0]) != log and "r" not in arguments[1:2]:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            if number == 0:
                note(log, "operation")

    sys.addaudithook(watch)


if __name__ == "__main__":
    main()
