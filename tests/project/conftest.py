import json

import numpy as np
import pytest
from textures import striped

import terrazzo as tz

NAMES = ("bare", "wood")


def shape(box, name):
    """A rectangle (top, left, bottom, right) of a class, as QuPath writes it."""
    top, left, bottom, right = box
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": {"classification": {"name": name}}}


def draw(path, shapes):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [shape(*one) for one in shapes]}))


def squares(classes, number, seed=0):
    """Places of one class each, in the order in which somebody draws them."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < number:
        top, left = (int(rng.integers(0, side - 12)) for side in classes.shape)
        cut = classes[top : top + 12, left : left + 12]
        if (cut == cut[0, 0]).all():
            found.append(((top, left, top + 12, left + 12), NAMES[cut[0, 0]]))
    return found


@pytest.fixture(scope="session")
def picture():
    return striped(side=256, seed=0)


@pytest.fixture
def study(picture, tmp_path):
    """A project of one image in four blocks, on which a few places are drawn."""
    tz.write_ome_zarr(tmp_path / "wood.ome.zarr", picture[0], axes="yx", pixel_size=(0.5, 0.5))
    made = tz.Project.begin(tmp_path / "study", [tmp_path / "wood.ome.zarr"], size=8, classes=NAMES, block=128)
    draw(made.annotation_path("wood"), squares(picture[1], 30))
    return made
