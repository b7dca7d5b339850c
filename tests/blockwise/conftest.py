import dask
import numpy as np
import pytest
from segmented import blobs
from untrained import untrained_model

import terrazzo as tz

SHAPE = (130, 170)


@pytest.fixture
def nothing_computes():
    """Make every computation an error: what is lazy passes."""

    def refuse(*_args, **_options):
        raise AssertionError("something was computed while the graph was built")

    with dask.config.set(scheduler=refuse):
        yield


@pytest.fixture(scope="module")
def pixels():
    """An image (c, y, x) of several blocks."""
    return blobs(SHAPE)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, pixels):
    """The same image on disk."""
    path = tmp_path_factory.mktemp("stored") / "image.ome.zarr"
    tz.write_ome_zarr(path, pixels, pixel_size=(0.5, 0.25), chunks=(50, 64))
    return tz.open_image(path)


@pytest.fixture(scope="module")
def model():
    return untrained_model()


@pytest.fixture
def annotation():
    return np.random.default_rng(1).choice(np.array([0, 1, 2, 255], np.uint8), SHAPE)
