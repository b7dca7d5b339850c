import json

import numpy as np

import terrazzo as tz
from terrazzo.multiplexed import multiplexed_image


def test_an_image_of_channels_is_embedded_and_its_domains_are_predicted(run, tmp_path):
    image, _ = multiplexed_image((96, 128), channels=6, domains=2, chunks=64)
    tz.write_ome_zarr(tmp_path / "core.zarr", image, axes="cyx")
    small = ("--size", 8, "--steps", 3, "--domains", 2, "--width", 4, "--k", 3, "--json")
    ended = run("embed", tmp_path / "core.zarr", "-o", tmp_path / "domains.safetensors", *small)
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    assert (printed["images"], len(printed["classes"]), printed["steps"]) == (1, 2, 3)
    ended = run(
        "predict", tmp_path / "core.zarr", "-m", tmp_path / "domains.safetensors", "-o", tmp_path / "found.zarr"
    )
    assert ended.code == 0, ended.err
    found = tz.open_result(tmp_path / "found.zarr").read_classes((slice(None), slice(None)))
    assert found.shape == (96, 128)
    assert np.isin(found, (0, 1)).all()
    refused = run("embed", tmp_path / "core.zarr", "-o", tmp_path / "domains.safetensors", *small)
    assert refused.code == 2
    assert "exists" in refused.err
