import dask
import numpy as np
import pytest
from scipy import ndimage
from segmented import blobs, small_recipe
from untrained import untrained_model

import terrazzo as tz

SHAPE = (130, 170)
VOLUME_SHAPE, VOLUME_SIZE = (21, 52, 58), (3, 6, 6)


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


@pytest.fixture(scope="session")
def volume():
    """Voxels (z, y, x) of several blocks."""
    noise = np.random.default_rng(3).standard_normal(VOLUME_SHAPE)
    soft = ndimage.gaussian_filter(noise, (1.5, 3, 3))
    return ((soft - soft.min()) / np.ptp(soft) + 0.05 * noise).astype(np.float32)


@pytest.fixture(scope="session")
def ball():
    """Which voxels lie in a ball in one corner of the volume."""
    z, y, x = np.indices(VOLUME_SHAPE)
    return (2 * (z - 5)) ** 2 + (y - 12) ** 2 + (x - 14) ** 2 < 11**2


@pytest.fixture(scope="session")
def disc():
    """Which pixels of the image lie in a disc away from its middle."""
    y, x = np.indices(SHAPE)
    return (y - 50) ** 2 + (x - 60) ** 2 < 33**2


@pytest.fixture(scope="session")
def volume_model():
    """A model of volumes; its answers vary from node to node."""
    return untrained_model(small_recipe(size=VOLUME_SIZE), classes=2)
