"""A run that is killed at any moment goes on where it stopped, and ends in the same bytes."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from patience import PATIENCE

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import InputError
from terrazzo.multiplexed import multiplexed_image

TESTS = Path(__file__).parents[1]
MOMENTS = 5  # for images and volumes, in calls of functions and in changes to files: 20 in all, others in each run
PASSES = ("superpixels", "classes", "levels")


class Server:
    """A warm process that runs predictions in processes of their own, which can be killed."""

    def __init__(self, process, jobs):
        self.process, self.jobs = process, jobs

    def ask(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self, kind, result, **others):
        """Run a prediction; return how it ended, what it said, and the blocks that it computed in each pass."""
        log = result.with_name(f"{result.name}.log")
        log.unlink(missing_ok=True)
        ended = self.ask(self.jobs[kind] | {"result": str(result), "log": str(log)} | others)
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        computed = {name: [line[1] for line in lines if line[0] == name] for name in PASSES}
        calls = sum(int(line[1]) for line in lines if line[0] == "calls")
        return ended | {"computed": computed, "operations": lines.count(["operation"]), "calls": calls}


@pytest.fixture(scope="module")
def server(stored, model, volume, volume_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    tz.write_ome_zarr(folder / "volume.zarr", volume[:, :46, :46], axes="zyx")
    jobs = {}
    tz.write_ome_zarr(folder / "nested.zarr", multiplexed_image((88, 96), channels=6)[0], axes="cyx")
    domains = fit_domains(folder / "nested.zarr")
    images = (stored.path, folder / "volume.zarr", folder / "nested.zarr")
    settings = zip(("image", "volume", "nested"), images, (model, volume_model, domains), (48, 24, 32), strict=True)
    for kind, image, fitted, block in settings:
        path, result = tz.write_model(fitted, folder / f"{kind}.safetensors"), folder / f"{kind} result.zarr"
        jobs[kind] = {"image": str(image), "model": str(path), "block": block, "result": str(result)}
    command = [sys.executable, TESTS / "prediction_server.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        server = Server(process, jobs)
        assert server.ask(list(jobs.values())) == "warm"
        yield server
        process.stdin.close()


def fit_domains(path):
    """Return nested graphs, whose classes follow from what is around a superpixel, as most of what they look at."""
    network, training = tz.NestedSettings(width=4, k=3, nearest=9), tz.NestedTraining(steps=3, domains=2, device="cpu")
    return tz.fit_nested([tz.open_image(path)], size=8, network=network, training=training)


def files_of(result):
    """Return the bytes of each array's files and the content of each part of a table; other files by name."""
    found = {}
    for path in sorted(Path(result).rglob("*")):
        if path.is_file():
            table = path.suffix == ".parquet" and not path.name.startswith(".")
            images = {"labels", "probabilities"}.intersection(path.parts)
            content = pq.read_table(path) if table else path.read_bytes() if images else None
            found[str(path.relative_to(result))] = content
    return found


@pytest.fixture(scope="module", params=["image", "volume"])
def undisturbed(request, server):
    """A kind of image, what its result holds when nobody disturbs, and the calls and file operations of a run."""
    first = Path(server.jobs[request.param]["result"])
    again = first.with_name(f"{request.param} again.zarr")
    ended = server.run(request.param, again, kill_at_operation=0, kill_at_call=0)
    assert ended["how"] == "finished"
    return request.param, files_of(first), ended["calls"], ended["operations"]


def finished_blocks(result):
    """Return the blocks with a marker, by pass."""
    done = {name: tz.open_result(result).finished(name) if result.exists() else {} for name in PASSES}
    return {name: {"-".join(map(str, index)) for index in blocks} for name, blocks in done.items()}


def check_resumed(server, kind, result, expected):
    """Run a prediction again: it computes what has no marker and nothing else, and ends in what was expected."""
    done = finished_blocks(result)
    resumed = server.run(kind, result)
    assert resumed["how"] == "finished", resumed["said"]
    every = finished_blocks(result)
    for name in PASSES:
        assert sorted(resumed["computed"][name]) == sorted(every[name] - done[name])
    assert files_of(result) == expected
    assert not list(result.parent.glob(f".{result.name}*"))
    return done


def test_a_run_killed_at_a_random_moment_goes_on_and_ends_in_the_same_bytes(server, undisturbed, tmp_path):
    kind, expected, calls, _ = undisturbed
    states = set()
    for part in range(MOMENTS):
        number = 1 + int(calls * (part + random.random()) / MOMENTS)
        result = tmp_path / f"{number}.zarr"
        killed = server.run(kind, result, kill_at_call=number)
        done = check_resumed(server, kind, result, expected)
        states.add((killed["how"], *map(len, done.values())))
    assert len([state for state in states if state[0] == "killed"]) >= MOMENTS // 2


def test_domains_of_nested_graphs_end_in_the_same_bytes_too_when_they_are_killed(server, tmp_path):
    finished = Path(server.jobs["nested"]["result"])
    assert len(tz.open_result(finished).grid) > 4
    calls = server.run("nested", tmp_path / "again.zarr", kill_at_call=0)["calls"]
    ended = set()
    for part in range(3):
        result = tmp_path / f"{part}.zarr"
        killed = server.run("nested", result, kill_at_call=1 + int(calls * (part + random.random()) / 3))
        check_resumed(server, "nested", result, files_of(finished))
        ended.add(killed["how"])
    assert "killed" in ended


def test_a_run_killed_at_a_random_change_to_a_file_goes_on_and_ends_in_the_same_bytes(server, undisturbed, tmp_path):
    kind, expected, _, operations = undisturbed
    result = tmp_path / "result.zarr"
    # threads that make one folder at a time make it once, side by side they try twice: the last operations may not come
    for number in random.sample(range(1, 9 * operations // 10), MOMENTS):
        assert server.run(kind, result, kill_at_operation=number)["how"] == "killed"
        check_resumed(server, kind, result, expected)
        shutil.rmtree(result)


def test_a_run_killed_again_and_again_ends_in_the_same_bytes(server, undisturbed, tmp_path):
    kind, expected, _, operations = undisturbed
    result, computed = tmp_path / "result.zarr", 0
    for _ in range(operations):
        if (ended := server.run(kind, result, kill_at_operation=operations // 4))["how"] != "killed":
            break
        computed += sum(map(len, ended["computed"].values()))
    assert ended["how"] == "finished", ended["said"]
    assert computed > 0
    assert files_of(result) == expected


def test_a_full_disk_at_a_random_block_ends_in_one_sentence_and_the_same_run_goes_on(server, undisturbed, tmp_path):
    kind, expected, _, _ = undisturbed
    result = tmp_path / "result.zarr"
    blocks = len(tz.open_result(server.jobs[kind]["result"]).grid)
    ended = server.run(kind, result, full_after=random.randrange(1, 2 * blocks))
    assert ended["how"] == "mistake"
    assert re.fullmatch(
        rf"'{result}' cannot be written: .*; mend that and run the same again, which goes on where this stopped",
        ended["said"],
    )
    check_resumed(server, kind, result, expected)


def test_a_run_killed_with_a_file_half_written_goes_on_and_ends_in_the_same_bytes(server, undisturbed, tmp_path):
    kind, expected, _, _ = undisturbed
    result = tmp_path / "result.zarr"
    blocks = len(tz.open_result(server.jobs[kind]["result"]).grid)
    ended = server.run(kind, result, full_after=random.randrange(1, 2 * blocks), deadly=True)
    assert ended["how"] == "killed"
    check_resumed(server, kind, result, expected)


def test_a_run_that_may_not_write_ends_in_one_sentence_and_the_same_run_goes_on(model, stored, tmp_path, monkeypatch):
    result = tmp_path / "result.zarr"
    # one thread, a few tasks ahead: there are blocks left when the third is told
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    def forbid(step):
        if (step.name, step.done) == ("superpixels", 3):
            (result / "edges").rename(tmp_path / "edges")
            (result / "edges").touch()

    refused = pytest.raises(InputError, match=r"result\.zarr' cannot be written: .*; mend that and run the same again")
    with refused, tz.on_progress(forbid):
        tz.write_prediction(model, stored, result, block=48)
    with pytest.raises(InputError, match="cannot be written"):
        tz.write_prediction(model, stored, result, block=48)
    (result / "edges").unlink()
    (tmp_path / "edges").rename(result / "edges")
    told = []
    with tz.on_progress(told.append):
        tz.write_prediction(model, stored, result, block=48)
    undisturbed = tz.write_prediction(model, stored, tmp_path / "undisturbed.zarr", block=48)
    assert files_of(result) == files_of(undisturbed.path)
    # what was done before counts from the start
    assert (told[0].name, told[0].done) > ("superpixels", 2)
    assert told[0].pixels > 0


def test_worker_processes_that_are_killed_are_made_up_for(model, stored, tmp_path):
    undisturbed = tz.write_prediction(model, stored, tmp_path / "undisturbed.zarr", block=24)
    killed = []

    def kill_some(step):
        many = {("superpixels", 9): 2, ("classes", 5): 1}.get((step.name, step.done), 0)
        if many:
            client.wait_for_workers(2, timeout=PATIENCE)
            for process in list(client.run(os.getpid).values())[:many]:
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    with cluster_client(workers=2) as client, tz.on_progress(kill_some):
        result = tz.write_prediction(model, stored, tmp_path / "result.zarr", block=24, client=client)
    assert len(killed) == 3
    assert files_of(result.path) == files_of(undisturbed.path)
    assert result.run["figures"]["superpixels"] == undisturbed.run["figures"]["superpixels"]
