import json
from dataclasses import asdict, replace

import pytest

from terrazzo.errors import ParameterError
from terrazzo.models.unet.description import Convolution, Path, described, plain, unet_description

HYBRID = {"axes": 3, "depth": 2, "kernels": [(1, 3, 3)], "pools": [(1, 2, 2)], "pyramid": 5, "crf": 2}


@pytest.mark.parametrize(
    "shape", [HYBRID, {"axes": 3, "depth": 2, "kernels": [(1, 3, 3), 3, 5], "pools": [(1, 2, 2), 2], "dropout": 0.1}]
)
def test_a_description_is_plain_and_comes_back_from_json(shape):
    description = unet_description(2, 3, **shape)
    for made in (plain, asdict):
        assert described(json.loads(json.dumps(made(description)))) == description


def test_what_a_description_is_without_is_neither_in_its_text_nor_in_its_json():
    description = unet_description(1, 2, base=2, depth=1, convolutions=1)
    level = "Level(factor={}, convolutions=(Convolution(channels={}, kernel=(3, 3)),))"
    down = f"Path(levels=({level.format('(1, 1)', 2)}, {level.format('(2, 2)', 4)}))"
    up = f"Path(levels=({level.format('(2, 2)', 2)},))"
    # as it was before there were dilations, pyramids and random fields: fingerprints hash it
    assert repr(description) == f"UNetDescription(inputs=1, classes=2, down={down}, up={up}, dropout=0.0)"
    said = plain(description)
    assert said.keys() == {"inputs", "classes", "down", "up", "dropout"}
    assert said["down"]["levels"][0]["convolutions"][0].keys() == {"channels", "kernel"}


def test_a_stack_may_mix_kernels_and_one_number_is_within_sections():
    description = unet_description(1, 2, axes=3, depth=1, kernels=[[(1, 3, 3), 3], 5], pyramid=4, crf=3, crf_radius=2)
    kernels = [[one.kernel for one in level.convolutions] for level in description.down.levels]
    assert kernels == [[(1, 3, 3), (3, 3, 3)], [(5, 5, 5), (5, 5, 5)]]
    assert [branch.steps for branch in description.pyramid.branches] == [(1, 1, 1), (1, 2, 2), (1, 4, 4)]
    assert description.crf.radius == (0, 2, 2)


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
        ({"kernels": [[3, (3, 3), 3]]}, "a level with one kernel per convolution needs 2"),
        ({"pyramid": 2, "dilations": [(1, 2, 3)]}, "dilations of a U-Net are"),
        ({"pyramid": 2, "dilations": [0]}, "a dilation at least 1 along each axis"),
        ({"pyramid": 2, "dilations": []}, "must have branches"),
        ({"pyramid": -2}, "its channels at least 1"),
        ({"crf": 1, "crf_radius": 0}, "a radius of 0 to 10, above 0 along one"),
        ({"crf": 1, "crf_radius": (1, 2, 3)}, "crf_radius of a U-Net are"),
        ({"crf": 21}, "must have 1 to 20 steps"),
    ],
)
def test_a_description_out_of_range_is_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        unet_description(**{"inputs": 1, "classes": 2} | arguments)


def test_a_way_up_that_does_not_undo_the_way_down_is_refused():
    description = unet_description(1, 2, depth=2)
    with pytest.raises(ParameterError, match="two paths of a U-Net differ"):
        replace(description, up=Path(description.up.levels[:1]))


def test_branches_of_unlike_width_are_refused():
    description = unet_description(1, 2, depth=1, pyramid=4)
    other = replace(description.pyramid, branches=(*description.pyramid.branches, Convolution(3, (3, 3))))
    with pytest.raises(ParameterError, match="all with as many channels"):
        replace(description, pyramid=other)
