"""A study whose processes are killed at any moment keeps what was finished, loses no trial and runs none twice.

TERRAZZO_MOMENTS=10 kills more often than in the suite. A failure says the seed of what was chosen; TERRAZZO_SEED gives
one.
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from patience import PATIENCE, wait_until

TESTS = Path(__file__).parents[1]
SERVER = "terrazzo.study.trial_server"
TRIALS = 6
MOMENTS = int(os.environ.get("TERRAZZO_MOMENTS", "3"))
SEED = int(os.environ.get("TERRAZZO_SEED", random.randrange(2**32)))
FINISHED = (1, 2, 3)  # Optuna's numbers of states that last


def started(folder):
    paths = os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))
    environment = os.environ | {"PYTHONPATH": paths, "STUB_SECONDS": "0.05"}
    command = (sys.executable, TESTS / "study" / "run_search.py", folder, str(TRIALS))
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def journal(folder):
    """Every whole line of the journal."""
    path = folder / "journal.log"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def told(folder):
    """The trials that the journal has an end of, once for each time."""
    return [line["trial_id"] for line in journal(folder) if line["op_code"] == 6 and line["state"] in FINISHED]


def outcomes(folder):
    """Of each trial with an outcome the bytes of its files, and how often it was begun."""
    found = {}
    for outcome in folder.glob("trials/*/outcome.json"):
        place = outcome.parent
        files = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
        found[place.name] = files, place.with_suffix(".begun").read_text()
    return found


def workers_of(process):
    """The workers that have run trials: what trials are forked from is their child."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            parent = child.parent()
            if SERVER in child.cmdline() and parent is not None and SERVER not in parent.cmdline():
                found.append(parent)
        except psutil.NoSuchProcess:
            continue
    return found


def test_finished_trials_are_kept_byte_for_byte_none_is_lost_and_none_is_run_twice(tmp_path):
    folder, chance = tmp_path / "study", random.Random(SEED)
    print(f"TERRAZZO_SEED={SEED}")  # shown with whatever fails
    process, whole, kills = started(folder), {}, {"client": 0, "worker": 0}
    for moment in range(MOMENTS):
        # a trial takes a dozen lines
        lines = len(journal(folder)) + chance.randint(1, 16)
        wait_until(lambda: process.poll() is not None or len(journal(folder)) >= lines, "the journal's next line")  # noqa: B023
        if process.poll() is not None:
            break
        if moment % 2 == 0 and (victims := workers_of(process)):
            chance.choice(victims).send_signal(signal.SIGKILL)
            kills["worker"] += 1
            continue
        process.kill()
        process.wait()
        kills["client"] += 1
        found = outcomes(folder)
        assert {name: found[name] for name in whole} == whole
        whole = found
        process = started(folder)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert sum(kills.values()) > 0
    found, ended = outcomes(folder), told(folder)
    assert {name: found[name] for name in whole} == whole
    assert len(found) == TRIALS
    assert sorted(ended) == sorted(set(ended))
    # trials that were asked for and never begun have an end as well
    assert len(ended) >= TRIALS
    report = json.loads((folder / "report.json").read_text())
    assert [one["state"] for one in report["trials"]] == ["COMPLETE"] * TRIALS
    assert (folder / "best" / "1.safetensors").exists()
