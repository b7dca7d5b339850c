"""The real command, killed and interrupted with all its processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import imageio.v3 as imageio
import psutil
import pyarrow.parquet as pq
import pytest
from patience import wait_until
from textures import striped

import terrazzo as tz


def begin(*arguments):
    command = [sys.executable, "-m", "terrazzo", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, preexec_fn=hear_ctrl_c, **pipes)


def hear_ctrl_c():
    """Undo what a shell does to tests that it runs in the background: their children would inherit deafness to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_a_finished_block(process, result):
    markers = result / "done" / "superpixels"
    wait_until(lambda: process.poll() is not None or any(markers.glob("*")), "a finished block")


def servers_forked_from(command):
    """Return how many processes a command has forked that have forked some: its own line is that of each of them."""
    line = psutil.Process(command).cmdline()
    return sum(child.cmdline() == line and bool(child.children()) for child in psutil.Process(command).children())


def contents(result):
    """Return the bytes of the arrays' files and the tables' contents."""
    files = {path.relative_to(result): path.read_bytes() for path in (result / "labels").rglob("*") if path.is_file()}
    return files, {path.relative_to(result): pq.read_table(path) for path in result.rglob("*.parquet")}


@pytest.fixture
def arguments(files, tmp_path):
    """A run of so many blocks that, whatever the machine, what follows the first of them comes before the last."""
    imageio.imwrite(tmp_path / "image.png", striped(224)[0])
    model, result = files / "model.safetensors", tmp_path / "result.zarr"
    return ("predict", tmp_path / "image.png", "-m", model, "-o", result, "--workers", 1, "--block", 32)


@pytest.fixture
def expected(files, tmp_path, arguments):  # noqa: ARG001
    """What the result holds if nobody disturbs the run."""
    image, model = tz.open_image(tmp_path / "image.png"), tz.open_model(files / "model.safetensors")
    return contents(Path(tz.write_prediction(model, image, tmp_path / "undisturbed.zarr", block=32).path))


def test_a_killed_command_given_again_ends_in_the_same_bytes(arguments, expected, run_apart, run, tmp_path):
    result = tmp_path / "result.zarr"
    process = begin(*arguments)
    wait_for_a_finished_block(process, result)
    assert servers_forked_from(process.pid) == 1
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    found = run("info", result, "--json").out
    assert '"finished": false' in found
    assert '"finished_blocks"' in found
    again = run_apart(*arguments)
    assert again.returncode == 0, again.stderr
    assert contents(result) == expected


def test_an_interrupted_command_says_how_to_go_on(files, arguments, mistake, tmp_path):
    result = tmp_path / "result.zarr"
    process = begin(*arguments, "--overwrite")
    wait_for_a_finished_block(process, result)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert said.strip().splitlines()[-1] == (
        "Interrupted: run the same command again without --overwrite to go on where it stopped."
    )
    assert "Traceback" not in said
    refused = mistake("score", result, files / "annotations" / "a.png")
    assert refused.endswith("is not finished; run the same terrazzo predict again to finish it")


def test_a_finished_command_given_again_says_so_and_computes_nothing(files, predicted, run, mistake):
    result = files / "result.zarr"
    before = {path: path.stat().st_mtime_ns for path in result.rglob("*")}
    arguments = ["predict", files / "images" / "a.png", "-m", files / "model.safetensors", "-o", result, "--block", 32]
    ended = run(*arguments, "--json")
    assert ended.code == 0
    assert ended.out == predicted.stdout
    assert ended.err == f"'{result}' is finished: nothing to compute\n"
    said = mistake(*arguments[:-1], 64)
    assert "exists and was not made from this: block_cells was [4, 4] and is [8, 8]; give the same as then" in said
    assert {path: path.stat().st_mtime_ns for path in result.rglob("*")} == before
