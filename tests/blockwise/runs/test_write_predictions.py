import filecmp
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from segmented import blobs
from told import telling
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.runs.prepared import prepared
from terrazzo.blockwise.runs.write_predictions import write_predictions
from terrazzo.errors import InputError
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.intensities.image_intensities import intensities_of, window_intensities

SHAPES = {"small": (40, 44), "large": (90, 100), "tiny": (21, 30)}


@pytest.fixture(scope="module")
def client():
    with cluster_client(workers=1) as client:
        yield client


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, shape in SHAPES.items():
        tz.write_ome_zarr(folder / f"{name}.ome.zarr", blobs(shape))
    return {name: tz.open_image(folder / f"{name}.ome.zarr") for name in SHAPES}


def wanted(model, images, folder, **settings):
    return [prepared(model, image, folder / f"{name}.zarr", block=48, **settings) for name, image in images.items()]


def files_of(folder):
    found = {path.relative_to(folder): path for path in Path(folder).rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if name.name != "run.json"}


def test_images_handed_out_whole_have_the_results_of_each_alone(client, images, tmp_path):
    model = untrained_model()
    both = [tmp_path / "together", tmp_path / "alone"]
    told = []
    with telling(lambda *step: told.append(step)):
        write_predictions(model, wanted(model, images, both[0]), client=client)
    for name, image in images.items():
        tz.write_prediction(model, image, both[1] / f"{name}.zarr", block=48, client=client)
    together, alone = map(files_of, both)
    assert together.keys() == alone.keys()
    assert all(filecmp.cmp(together[name], alone[name], shallow=False) for name in alone)
    for name in SHAPES:
        runs = [tz.open_result(folder / f"{name}.zarr").run for folder in both]
        assert all(run["finished"] for run in runs)
        assert runs[0]["made_from"] == runs[1]["made_from"]
    of_images = [step for step in told if step[0] == "images"]
    assert (of_images[0], of_images[-1]) == (("images", 0, 2, 0), ("images", 2, 2, 40 * 44 + 21 * 30))
    assert [done for name, done, *_ in told if name == "superpixels"] == list(range(7))


def test_what_is_finished_is_left_alone_and_the_others_go_on(client, images, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(name, done, *_):
        if (name, done) == ("images", 1):
            raise StoppedError

    model = untrained_model()
    with telling(stop), pytest.raises(StoppedError):
        write_predictions(model, wanted(model, images, tmp_path), client=client)
    left = wanted(model, images, tmp_path)
    assert not left[1].finished
    finished = [one for one in left if one.finished]
    assert finished
    before = {path: path.stat().st_mtime_ns for one in finished for path in files_of(one.path).values()}
    write_predictions(model, left, client=client)
    assert all(one.finished for one in wanted(model, images, tmp_path))
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_an_image_that_cannot_be_computed_is_named(client, images, tmp_path):
    model, bad = untrained_model(), blobs((40, 44))
    bad[:, 3, 5] = np.nan
    tz.write_ome_zarr(tmp_path / "bad.ome.zarr", bad)
    with pytest.raises(InputError, match=r"bad\.ome\.zarr"):
        write_predictions(
            model,
            wanted(model, {**images, "bad": tz.open_image(tmp_path / "bad.ome.zarr")}, tmp_path / "results"),
            client=client,
        )


def test_what_there_is_to_warn_of_is_said_once_of_each_image(client, tmp_path, caplog):
    grey = (200 * blobs((40, 44))).clip(0, 255).astype(np.uint8)
    seen = Distribution.of([intensities_of([window_intensities(grey, None)])])
    model, images = replace(untrained_model(), seen=seen), {}
    for name, times in (("like", 1), ("bright", 16), ("brighter", 256)):
        tz.write_ome_zarr(tmp_path / f"{name}.ome.zarr", grey.astype(np.uint16) * np.uint16(times))
        images[name] = tz.open_image(tmp_path / f"{name}.ome.zarr")
    # a cluster of Dask may have silenced the handlers that were there when it began
    with caplog.at_level(logging.WARNING):
        write_predictions(model, wanted(model, images, tmp_path), client=client)
    said = [record.getMessage() for record in caplog.records if "unlike" in record.getMessage()]
    assert sorted(said) == sorted(
        note for name in images for note in tz.open_result(tmp_path / f"{name}.zarr").run["notes"]
    )
    assert {name for name in images for line in said if f"{name}.ome.zarr" in line} >= {"bright", "brighter"}
