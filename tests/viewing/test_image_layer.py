import re

import numpy as np
import pytest
import tifffile

import terrazzo as tz
from terrazzo.viewing.image_layer import image_layer
from terrazzo.viewing.kept_windows import KeptWindows


def layer_of(path, **opening):
    return image_layer(tz.open_image(path, **opening), KeptWindows())


@pytest.fixture
def planes():
    return np.random.default_rng(0).integers(200, 3000, (8, 70, 90)).astype(np.uint16)


def test_levels_of_the_file_are_shown_from_the_open_one_on(planes, tmp_path):
    large = np.zeros((600, 1300), np.uint8)
    large[:70, :90] = planes[0] // 16
    tz.write_ome_zarr(tmp_path / "a.ome.zarr", large, axes="yx", levels="nearest", chunks=(128, 128))
    levels = tz.open_image(tmp_path / "a.ome.zarr").levels
    assert levels > 2
    for first in (0, 1):
        layer = layer_of(tmp_path / "a.ome.zarr", level=first)
        assert len(layer.levels) == levels - first
        for number, level in enumerate(layer.levels):
            whole = (slice(0, 1), *(slice(0, n) for n in level.extent))
            step = 2 ** (first + number)
            assert np.array_equal(level.read(whole)[0], large[::step, ::step])
            assert level.steps == (2.0**number,) * 2


def test_channels_have_colours_and_the_range_of_their_values(planes, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", planes[:3], metadata={"axes": "CYX"}, photometric="minisblack")
    layer = layer_of(tmp_path / "a.tif", channels=("DAPI", "Ki-67 (red)", "gl_Position"))
    controls = re.findall(r"^#uicontrol \w+ (\w+)", layer.shown["shader"], re.MULTILINE)
    assert controls[3:6] == ["show_Ki_67_red", "colour_Ki_67_red", "range_Ki_67_red"]
    (low, high) = map(
        float, re.search(r"range_DAPI\(channel=0, range=\[(.*), (.*)\], w", layer.shown["shader"]).groups()
    )
    assert 200 <= low < 210
    assert 2990 < high <= 3000
    same = layer_of(tmp_path / "a.tif", channels=("a b", "a-b", "c"))
    assert "range_0" in same.shown["shader"]


def test_many_channels_are_read_and_shown_one_by_one(planes, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", planes, metadata={"axes": "CYX"}, photometric="minisblack")
    layer = layer_of(tmp_path / "a.tif")
    assert layer.channel_axis == "'"
    assert layer.levels[0].chunk == (1, 70, 90)
    window = (slice(3, 4), slice(10, 60), slice(5, 50))
    assert np.array_equal(layer.levels[0].read(window), planes[window])


def test_a_channel_without_contrast_has_no_range(tmp_path):
    np.save(tmp_path / "a.npy", np.full((40, 50), np.nan, np.float64))
    layer = layer_of(tmp_path / "a.npy")
    assert layer.shown["shader"].startswith("#uicontrol invlerp range()\n")
    assert layer.levels[0].dtype == np.float32
