import numpy as np
import pytest
from textures import NAMES
from untrained import untrained_lattice

import terrazzo as tz
from terrazzo.comparison.assignment import Assignment, named_sources
from terrazzo.comparison.methods import METHODS, find_method, shrinkable
from terrazzo.comparison.methods.lattice import figures, multiply_adds_per_cell
from terrazzo.errors import ParameterError
from terrazzo.training.lattice.settings import LatticeTraining


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_what_one_needs(name):
    assert find_method(name).TITLE


def test_multiply_adds_per_pixel_follow_from_superpixels_and_pixels(tmp_path):
    model = untrained_lattice(settings={"levels": 0, "finest": 1})
    tz.write_ome_zarr(tmp_path / "image", np.random.default_rng(0).random((60, 60)).astype(np.float32), axes="yx")
    result = tz.write_prediction(model, tz.open_image(tmp_path / "image"), tmp_path / "result.zarr")
    found = figures(model, result)
    nodes = result.run["figures"]["superpixels"] / 3600
    matrices = {name: one.numel() for name, one in model.network.named_parameters() if one.ndim > 1}
    of_pixels = {name for name in matrices if name.startswith(("pixel.", "decide."))}
    assert multiply_adds_per_cell(model.network.config) == sum(matrices[name] for name in matrices.keys() - of_pixels)
    asked = sum(matrices[name] for name in of_pixels) + 4 * model.settings.pixel_width
    assert found["multiply_adds_per_pixel"] == nodes * multiply_adds_per_cell(model.network.config) + asked
    assert found["parameters"] == sum(one.numel() for one in model.network.parameters())


def test_what_is_halved_of_a_unet_is_what_its_fit_would_use(tmp_path):
    def shrinkable_of(shape, **settings):
        image, truth = np.zeros(shape, np.uint8), np.zeros(shape[1:], np.uint8)
        sources = named_sources([image], [truth], tmp_path / str(len(list(tmp_path.iterdir()))))
        return shrinkable(find_method("unet"), Assignment(tuple(sources), (), NAMES, settings=settings))

    assert shrinkable_of((1, 500, 100)) == {"batch": 8, "patch": [128, 112]}
    assert shrinkable_of((1, 500, 700), batch=3, patch=64) == {"batch": 3, "patch": 64}
    assert shrinkable_of((1, 80, 90, 90)) == {"batch": 8, "patch": 64}
    assert shrinkable_of((1, 80, 90, 90), depth=2, patch=[4, 64, 64]) == {"batch": 8, "patch": [4, 64, 64]}
    assert shrinkable(find_method("lattice"), Assignment((), (), NAMES)) == {}


def test_steps_of_a_method_go_before_the_seconds_of_all():
    def training_of(**settings):
        return Assignment((), (), NAMES, seconds=60, epochs=3, settings=settings).values(LatticeTraining)[0]

    assert (training_of(steps=9).steps, training_of(steps=9).seconds) == (9, None)
    assert (training_of().steps, training_of().seconds) == (None, 60)
    with pytest.raises(ParameterError, match="leave one out"):
        training_of(steps=9, seconds=30)
