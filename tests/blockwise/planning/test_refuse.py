import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import zarr
from distributed import Client, LocalCluster
from segmented import blobs
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.planning.refuse import refuse_what_does_not_fit
from terrazzo.errors import ParameterError


@pytest.fixture
def vast(tmp_path):
    """A stored image of 10^11 pixels, none of which was ever written."""
    zarr.create_array(
        tmp_path / "vast.zarr", shape=(2**18, 2**19), chunks=(1024, 1024), dtype="uint8", dimension_names=("y", "x")
    )
    return tz.open_image(tmp_path / "vast.zarr")


def _high_water():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _cluster(memory_limit):
    return LocalCluster(n_workers=1, threads_per_worker=1, memory_limit=memory_limit, dashboard_address=None)


def test_blocks_that_exceed_the_machine_are_refused_before_anything_is_written(vast, model, tmp_path):
    with pytest.raises(ParameterError) as refused:
        tz.write_prediction(model, vast, tmp_path / "result.zarr", block=2**18)
    said = str(refused.value)
    assert f"{os.cpu_count()} threads take up to" in said
    assert "are there; choose a smaller block, such as --block" in said
    assert not (tmp_path / "result.zarr").exists()


def test_a_workers_limit_is_kept_and_its_peak_is_what_was_planned(tmp_path):
    """One real worker: what exceeds its limit is refused, what it then runs takes what the plan says."""
    pixels = np.clip(255 * blobs((1536, 1536)), 0, 255).astype(np.uint8)
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", pixels, axes="cyx")
    image, model = tz.open_image(tmp_path / "image.ome.zarr"), untrained_model()
    with _cluster("1600MiB") as cluster, Client(cluster) as client:
        with pytest.raises(ParameterError, match=r"a worker takes up to \d+\.\d GiB of memory and may hold 1.2 GiB"):
            tz.write_prediction(
                untrained_model(settings={"width": 2048}), image, tmp_path / "r.zarr", client=client, block=1536
            )
        assert not (tmp_path / "r.zarr").exists()
        tz.write_prediction(model, image, tmp_path / "r.zarr", client=client, block=768)
        (peak,) = client.run(_high_water).values()
    planned = tz.plan(image, model, block=768, workers=1)
    assert peak <= planned.memory_per_worker <= 2.5 * peak


def test_without_limits_the_machine_counts_for_all_workers_together(vast, model, tmp_path):
    with (
        _cluster(0) as cluster,
        Client(cluster) as client,
        pytest.raises(ParameterError, match="1 workers take up to"),
    ):
        tz.write_prediction(model, vast, tmp_path / "result.zarr", client=client, block=2**18)


def test_a_plan_fits_where_a_run_is_not_refused_and_nowhere_else(stored, model):
    grid = BlockGrid.of(tz.Lattice(stored.extent, model.recipe.superpixels.size), 48)
    needed = tz.plan(stored, model, block=48, workers=1).memory_per_worker
    for share, fits in ((0.79, True), (0.81, False)):
        limit = int(needed / share)
        assert tz.plan(stored, model, block=48, workers=1, memory_limit=limit).fits is fits
        with cluster_client(workers=1, memory_limit=limit) as client:
            refused = nullcontext() if fits else pytest.raises(ParameterError, match="a worker takes up to")
            with refused:
                refuse_what_does_not_fit(model, stored, grid, client)
