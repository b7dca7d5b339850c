import pytest
import zarr
from segmented import grid_of

from terrazzo.errors import InputError
from terrazzo.io.results.result import check_aligned

SHAPE = (60, 70)
GRID = grid_of(SHAPE)  # blocks of 24 x 24 pixels


def array(shape=SHAPE, **stored):
    return zarr.create_array({}, shape=shape, dtype="uint8", **stored)


@pytest.mark.parametrize(
    "stored",
    [{"chunks": (24, 24)}, {"chunks": (6, 12)}, {"chunks": (6, 6), "shards": (12, 24)}, {"chunks": (1, 1)}],
)
def test_blocks_of_whole_chunks_or_shards_may_be_written_side_by_side(stored):
    check_aligned(array(**stored), GRID, "here")


def test_one_block_may_be_stored_in_any_chunks():
    check_aligned(array((20, 22), chunks=(7, 22)), grid_of((20, 22)), "here")


@pytest.mark.parametrize(
    ("stored", "what"),
    [
        ({"chunks": (24, 25)}, r"chunks of \(24, 25\)"),
        ({"chunks": (48, 24)}, r"chunks of \(48, 24\)"),
        ({"chunks": (60, 70)}, r"chunks of \(60, 70\)"),
        ({"chunks": (6, 6), "shards": (36, 24)}, r"shards of \(36, 24\)"),
    ],
)
def test_blocks_that_share_a_chunk_or_a_shard_are_refused(stored, what):
    with pytest.raises(InputError, match=rf"'here' is stored in {what} pixels, of which the blocks of \(24, 24\)"):
        check_aligned(array(**stored), GRID, "here")


def test_an_array_of_another_extent_is_refused():
    with pytest.raises(InputError, match=r"'here' has \(61, 70\) pixels and its blocks cover \(60, 70\)"):
        check_aligned(array((61, 70), chunks=(24, 24)), GRID, "here")
