from segmented import grid_of

from terrazzo.blockwise.cluster.run_blocks import BlockCount
from terrazzo.progress import Step, on_progress

GRID = grid_of((60, 70))


def test_the_start_and_each_block_are_told_and_nothing_where_there_are_none():
    told, blocks = [], list(GRID)
    with on_progress(told.append):
        count = BlockCount("classes", 4, blocks[:1])
        count(blocks[1])
        BlockCount("levels", 0)
    pixels = [block.core.shape[0] * block.core.shape[1] for block in blocks]
    assert told == [Step("classes", 1, 4, pixels[0]), Step("classes", 2, 4, sum(pixels[:2]))]


def test_without_a_listener_it_counts_all_the_same():
    count = BlockCount("classes", 4)
    count(next(iter(GRID)))
    assert count.blocks == 1
