import dask.array as da
import numpy as np

import terrazzo as tz
from terrazzo.training.rules.patch_source import held


def test_what_fits_is_in_memory_and_what_does_not_stays_where_it_is(tmp_path):
    small, large = (np.random.default_rng(0).integers(0, 9, (1, *shape), np.uint8) for shape in ((30, 40), (90, 80)))
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", small, axes="cyx")
    stored, lazy = tz.open_image(tmp_path / "image.ome.zarr").stored, da.from_array(large, chunks=37)
    first, second, third = held([stored, lazy, da.from_array(small)], most=2 * small.nbytes)
    assert second is lazy
    for found in (first, third):
        assert isinstance(found, np.ndarray)
        assert np.array_equal(found, small)


def test_what_is_in_memory_already_takes_no_room():
    given = np.ones((1, 20, 20))
    first, second = held([given, da.from_array(given)], most=given.nbytes)
    assert first is given
    assert isinstance(second, np.ndarray)


def test_nothing_is_read_where_there_is_no_room():
    def read(_):
        raise AssertionError("was read")

    lazy = da.ones((1, 8, 8), chunks=4).map_blocks(read, dtype=float)
    assert held([lazy], most=8)[0] is lazy
