import numpy as np
import pytest

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image


def write_header(path, shape, dtype=np.uint8, version=(1, 0)):
    """An NPY of 50 bytes of values, whatever its header says."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    write = {(1, 0): np.lib.format.write_array_header_1_0, (2, 0): np.lib.format.write_array_header_2_0}[version]
    with path.open("wb") as file:
        write(file, header)
        file.write(bytes(50))
    return path


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize(
    ("shape", "dtype", "wanted"),
    [
        ((60_000, 60_000), np.uint8, 3_600_000_000),
        ((5, 11), np.uint8, 55),
        ((5, 10), np.uint16, 100),
        ((2**40, 2**40), np.float32, 2**82),
        ((2**32, 2**32), np.uint8, 2**64),
    ],
)
def test_a_file_that_holds_less_than_its_header_says_is_refused(tmp_path, shape, dtype, wanted, version):
    path = write_header(tmp_path / "a.npy", shape, dtype, version)
    with pytest.raises(InputError, match=rf"is cut short: its header says .*, {wanted} bytes, and it holds 50; copy"):
        open_image(path)


def test_a_file_that_holds_more_is_read(tmp_path):
    assert open_image(write_header(tmp_path / "a.npy", (5, 9))).shape == (1, 5, 9)


@pytest.mark.parametrize("shape", [(-5, 10), (5, -10), (2**70, 10)])
def test_lengths_that_none_are_one_sentence(tmp_path, shape):
    with pytest.raises(InputError) as refused:
        open_image(write_header(tmp_path / "a.npy", shape))
    assert "\n" not in str(refused.value)
