import json
from dataclasses import asdict, replace

import pytest

from terrazzo.errors import ParameterError
from terrazzo.models.unet.description import Path, described, unet_description


def test_a_description_is_plain_and_comes_back_from_json():
    description = unet_description(2, 3, axes=3, depth=2, kernels=[(1, 3, 3), 3, 5], pools=[(1, 2, 2), 2], dropout=0.1)
    assert described(json.loads(json.dumps(asdict(description)))) == description


def test_widths_double_downwards_and_halve_upwards():
    description = unet_description(1, 2, base=16, depth=3)
    assert [level.channels for level in description.down.levels] == [16, 32, 64, 128]
    assert [level.channels for level in description.up.levels] == [64, 32, 16]


def test_kernels_and_pools_may_differ_by_level_and_axis():
    description = unet_description(1, 2, axes=3, depth=2, kernels=[(1, 3, 3), 3, 3], pools=[(1, 2, 2), 2])
    kernels = [level.convolutions[0].kernel for level in (*description.down.levels, *description.up.levels)]
    assert kernels == [(1, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3), (1, 3, 3)]
    assert description.stride == (2, 4, 4)


def test_one_entry_serves_every_level():
    description = unet_description(1, 2, axes=3, depth=3, pools=[(1, 2, 2)])
    assert description.stride == (1, 8, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base": 0}, "base of a U-Net is too small"),
        ({"depth": 0}, "depth of a U-Net is too small"),
        ({"convolutions": 0}, "convolutions of a U-Net is too small"),
        ({"kernels": 4}, "kernel must be odd"),
        ({"kernels": [3, 3]}, "5 entries"),
        ({"kernels": [(3, 3, 3)]}, "of 2 numbers"),
        ({"pools": 0}, "factors of at least 1"),
        ({"dropout": 1.0}, "dropout of a U-Net is 1.0"),
        ({"inputs": 0}, "0 inputs"),
    ],
)
def test_a_description_out_of_range_is_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        unet_description(**{"inputs": 1, "classes": 2} | arguments)


def test_a_way_up_that_does_not_undo_the_way_down_is_refused():
    description = unet_description(1, 2, depth=2)
    with pytest.raises(ParameterError, match="two paths of a U-Net differ"):
        replace(description, up=Path(description.up.levels[:1]))
