import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from segmented import blobs
from untrained import untrained_model

import terrazzo as tz

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(script, folder, *arguments):
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    """A folder with a slide and a model."""
    tz.write_ome_zarr(tmp_path / "slide.ome.zarr", blobs((130, 170)), chunks=(50, 64))
    tz.write_model(untrained_model(), tmp_path / "model.safetensors")
    return tmp_path


def test_each_example_has_its_test_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "existing_analysis.py",
        "plain_script.py",
        "slurm_cluster.py",
    }


def test_the_plain_script_labels_what_nobody_annotated(tmp_path):
    (line,) = run("plain_script.py", tmp_path, "512").splitlines()
    assert float(line.removeprefix("accuracy where nothing was annotated: ")) > 0.8


def test_the_existing_analysis_prints_intensities_per_class_from_its_own_workers(tmp_path):
    *classes, workers = run("existing_analysis.py", tmp_path, "512").splitlines()
    assert sum(int(line.split(" on ")[1].split()[0]) for line in classes) == 512 * 512
    assert all(" ± " in line for line in classes)
    assert workers == "workers: 2"


def test_the_slurm_script_writes_the_same_result_on_a_cluster_of_this_machine(folder):
    said = run("slurm_cluster.py", folder, "slide.ome.zarr", "model.safetensors", "there.zarr", "--local")
    there = tz.open_result(folder / "there.zarr")
    assert f"{there.run['figures']['superpixels']} superpixels in {there.path}" in said
    image, model = tz.open_image(folder / "slide.ome.zarr"), tz.open_model(folder / "model.safetensors")
    here = tz.write_prediction(model, image, folder / "here.zarr")
    whole = (slice(None), slice(None))
    assert np.array_equal(there.read_superpixels(whole), here.read_superpixels(whole))
    assert np.array_equal(there.read_classes(whole), here.read_classes(whole))


def test_the_job_script_asks_slurm_for_what_a_worker_needs(folder):
    pytest.importorskip("dask_jobqueue")
    arguments = ("slide.ome.zarr", "model.safetensors", "there.zarr", "--queue", "normal", "--time", "00:30:00")
    script = run("slurm_cluster.py", folder, *arguments, "--script")
    for line in ("#SBATCH -p normal", "#SBATCH -t 00:30:00", "#SBATCH --cpus-per-task=16", "#SBATCH --mem=16G"):
        assert line in script
    assert "export NUMBA_NUM_THREADS=1" in script
    assert "--nworkers 4" in script
