"""Runs predictions that can be killed: forked from a process that is warm, so that each begins at once.

Reads one JSON document per line, the job, from standard input and answers each with one on standard output.
"""

import json
import os
import pathlib
import resource
import signal
import sys
import time
from contextlib import nullcontext

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
    """Run a job in a process group of its own, killed after so many seconds if the job says so."""
    hears, says = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(hears)
        said = run(job)
        os.write(says, said.encode())
        os._exit(0)
    os.close(says)
    if job.get("kill_after") is not None:
        kill_later(child, began + job["kill_after"])
    with os.fdopen(hears) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    how = KILLED if os.WIFSIGNALED(status) else MISTAKE if said else FINISHED
    return {"how": how, "said": said, "seconds": time.monotonic() - began}


def kill_later(child, moment):
    while time.monotonic() < moment:
        time.sleep(0.001)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
    # not before it has become the leader of its group
    while os.getpgid(child) != child:
        time.sleep(0.0005)
    os.killpg(child, signal.SIGKILL)


def run(job):
    """Run a job here; return the sentence of a mistake, or nothing."""
    for name in ("write_pass", "write_levels"):
        setattr(module, name, logged(getattr(module, name), job["log"]))
    if job.get("kill_at_operation") is not None:
        kill_at_operation(job["result"], job["kill_at_operation"], job["log"])
    try:
        predict(job, full_disk(job["full_after"]) if job.get("full_after") is not None else None)
    except TerrazzoError as error:
        return str(error)
    return ""


def predict(job, progress=None):
    image, model = tz.open_image(job["image"]), tz.open_model(job["model"])
    with tz.on_progress(progress) if progress else nullcontext():
        return tz.write_prediction(model, image, job["result"], block=job["block"], device="cpu", probabilities=True)


def logged(function, log):
    """Note each block that is computed."""

    def noting(block, *shared):
        name, step = ("levels", shared[-1:]) if function.__name__ == "write_levels" else (shared[0].name, ())
        with open(log, "a") as file:  # noqa: PTH123
            file.write(f"{name} {'-'.join(map(str, (*step, *block.index)))}\n")
        return function(block, *shared)

    return noting


def full_disk(blocks):
    """Leave little room once so many blocks are done: the system refuses to write more to a file than chunks need."""
    told = 0

    def refuse(*_progress):
        nonlocal told
        told += 1
        if told > blocks:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))

    return refuse


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
                with open(log, "a") as file:  # noqa: PTH123
                    file.write("operation\n")

    sys.addaudithook(watch)


if __name__ == "__main__":
    main()
