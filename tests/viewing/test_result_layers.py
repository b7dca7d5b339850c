import itertools
from pathlib import Path

import numpy as np
import pytest
from shown import COLOURS, NAMES, write_shown

from terrazzo.errors import InputError
from terrazzo.viewing.result_layers import result_layers


def read(level, *lead):
    """Read a level in windows that are none of its chunks."""
    found = np.empty(level.shape, level.dtype)
    spans = [[slice(0, n)] for n in lead]
    spans += [[slice(a, min(a + 37, n)) for a in range(0, n, 37)] for n in level.extent]
    for window in itertools.product(*spans):
        found[window] = level.read(window)
    return found


@pytest.fixture(params=[((100, 130), (12, 12)), ((10, 60, 70), (2, 8, 8))], ids=["image", "volume"])
def shown(request, tmp_path):
    return write_shown(tmp_path / "result.zarr", *request.param, cells=8)


def edges_of(labels):
    """The oracle of outlines."""
    padded = np.pad(labels, [(0, 0)] * (labels.ndim - 2) + [(1, 0), (1, 0)], mode="edge")
    up, left = padded[..., :-1, 1:], padded[..., 1:, :-1]
    return np.where((labels != up) | (labels != left), 255, 0)


def test_each_layer_shows_what_the_result_holds_at_each_level(shown):
    axes, factors = shown.ids.ndim, shown.result.pyramid.factors
    layers = {layer.name: layer for layer in result_layers(shown.result, (4.0,) * axes)}
    assert list(layers) == ["classes", "probabilities", "uncertainty", "outlines", "superpixels"]
    for number, steps in enumerate(factors):
        every = tuple(slice(None, None, step) for step in steps)
        level = {name: layer.levels[number] for name, layer in layers.items()}
        assert all(one.steps == tuple(4.0 * step for step in steps) for one in level.values())
        classes = shown.classes[every].astype(int)
        assert np.array_equal(read(level["classes"]), np.where(classes == 255, 0, classes + 1))
        assert np.array_equal(read(level["superpixels"]), shown.ids[every])
        probabilities = shown.probabilities[(slice(None), *every)]
        assert np.array_equal(read(level["probabilities"], len(NAMES)), probabilities)
        low, high = np.sort(probabilities.astype(int), axis=0)[-2:]
        assert np.array_equal(read(level["uncertainty"]), np.where(high > 0, 255 - (high - low), 0))
        drawn = min(shown.result.grid.lattice.size[-2:]) >= 4 * max(steps[-2:])
        assert np.array_equal(read(level["outlines"]), drawn * edges_of(shown.ids[every]))
    assert {factor[-1] for factor in factors} >= {1, 2, 4}


def test_a_chunk_that_cannot_be_read_is_named(shown):
    for file in (Path(shown.result.path) / "labels" / "classes" / "0" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"no chunk")
    level = result_layers(shown.result, (1.0,) * shown.ids.ndim)[0].levels[0]
    with pytest.raises(InputError, match="labels/classes/0' cannot be read"):
        level.read(tuple(slice(0, n) for n in level.extent))


def test_values_of_classes_have_names_and_colours_and_are_all_shown(shown):
    classes = result_layers(shown.result, (1.0,) * shown.ids.ndim)[0]
    assert classes.segment_names == NAMES
    assert classes.shown["segmentColors"] == dict(zip("123", COLOURS, strict=True))
    assert classes.shown["segments"] == ["1", "2", "3"]
