from pathlib import Path

import pytest

from terrazzo.errors import InputError
from terrazzo.io.readers.sizes import check_sizes, check_unpacked

HERE = Path("here.tif")


@pytest.mark.parametrize(
    ("shape", "chunks", "sentence"),
    [
        ((2**17, 10, 10), None, "has 131072 channels and at most 65536 can be read"),
        ((1, 10, 2**40), None, r"has the shape \(1, 10, 1099511627776\) and at most 4294967296 pixels along an axis"),
        ((1, 10, 10), (1, 0, 5), r"is stored in chunks of \(1, 0, 5\), which hold nothing"),
    ],
)
def test_sizes_that_no_image_has_are_refused(shape, chunks, sentence):
    with pytest.raises(InputError, match=rf"'here\.tif' {sentence}"):
        check_sizes(HERE, shape, chunks)


def test_the_largest_images_there_are_pass():
    check_sizes(HERE, (1, 10**7, 10**7), (1, 1024, 1024))
    check_sizes(HERE, (5000, 10**5, 10**5), None)


def test_a_chunk_that_is_larger_than_anything_packs_is_refused():
    check_unpacked(HERE, (30_000, 30_000), 1, 30_000)
    with pytest.raises(InputError, match=r"is damaged: 300 bytes are said to hold \(30000, 30000\) values of 1 bytes"):
        check_unpacked(HERE, (30_000, 30_000), 1, 300)
