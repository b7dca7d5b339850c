"""A study whose processes are killed at any moment keeps what was finished, loses no trial and runs none twice.

TERRAZZO_MOMENTS=30 kills more often than in the suite. A failure says the seed of what was chosen; TERRAZZO_SEED gives
one.
"""

import json
import os
import random
import signal

import psutil
import pytest
from forked import started_apart
from patience import PATIENCE, wait_until
from study.run_search import search_on, serve

SERVER = "terrazzo.study.trial_server"
TRIALS, LINES = 6, 11  # a trial takes as many lines of the journal, or one more
MOMENTS = int(os.environ.get("TERRAZZO_MOMENTS", "10"))
SEED = int(os.environ.get("TERRAZZO_SEED", random.randrange(2**32)))
FINISHED = (1, 2, 3)  # Optuna's numbers of states that last


class Processes:
    """The client of a search and its cluster, each in a process of its own."""

    def __init__(self, folder):
        self.folder, self.log = folder, folder.with_suffix(".log")
        self.client = self.cluster = None
        try:
            self.begin_cluster()
            self.begin_client()
        except BaseException:
            self.end()
            raise

    def begin_cluster(self):
        told = self.folder.with_suffix(".address")
        told.unlink(missing_ok=True)
        self.cluster = started_apart(serve, told, log=self.log)
        wait_until(lambda: told.exists() or not self.cluster.is_alive(), "the cluster's address")
        assert told.exists(), self.log.read_text()
        self.address = told.read_text()

    def begin_client(self):
        self.client = started_apart(search_on, self.address, self.folder, TRIALS, log=self.log)

    def kill(self, what, chance):
        """Kill a worker, the client, or the client with its cluster, which is begun again; return what was killed."""
        if what == "worker":
            if not (victims := workers_of(self.cluster)):
                return self.kill("client", chance)
            chance.choice(victims).send_signal(signal.SIGKILL)
            return what
        for process in (self.client, *((self.cluster,) if what == "all" else ())):
            process.kill()
            process.join()
        return what

    def end(self):
        for process in (self.client, self.cluster):
            if process is not None:
                process.kill()
                process.join()


@pytest.fixture
def processes(tmp_path, monkeypatch):
    monkeypatch.setenv("STUB_SECONDS", "0.05")
    found = Processes(tmp_path / "study")
    yield found
    found.end()


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


def test_finished_trials_are_kept_byte_for_byte_none_is_lost_and_none_is_run_twice(processes):
    folder, chance, whole = processes.folder, random.Random(SEED), {}
    print(f"TERRAZZO_SEED={SEED}")  # shown with whatever fails
    # in turns: a trial that loses its worker three times while one client runs is given up
    chosen = [*("client", "worker") * MOMENTS][: MOMENTS - 1]
    chosen.insert(chance.randrange(MOMENTS), "all")
    killed = []
    for number, what in enumerate(chosen):
        # so few that the search has not ended when the last moment comes, unless it runs ahead
        written = len(journal(folder))
        lines = written + chance.randint(1, max(1, (TRIALS * LINES - written) // (MOMENTS - number)))
        wait_until(lambda: not processes.client.is_alive() or len(journal(folder)) >= lines, "the journal's next line")  # noqa: B023
        if not processes.client.is_alive():
            break
        killed.append(processes.kill(what, chance))
        found = outcomes(folder)
        assert {name: found[name] for name in whole} == whole
        whole = found
        if killed[-1] == "all":
            processes.begin_cluster()
        if killed[-1] != "worker":
            processes.begin_client()
    processes.client.join(PATIENCE)
    assert processes.client.exitcode == 0, processes.log.read_text()
    print(killed)
    assert len(killed) > MOMENTS // 2
    found, ended = outcomes(folder), told(folder)
    assert {name: found[name] for name in whole} == whole
    assert len(found) == TRIALS
    assert sorted(ended) == sorted(set(ended))
    # trials that were asked for and never begun have an end as well
    assert len(ended) >= TRIALS
    report = json.loads((folder / "report.json").read_text())
    assert [one["state"] for one in report["trials"]] == ["COMPLETE"] * TRIALS
    assert (folder / "best" / "1.safetensors").exists()
