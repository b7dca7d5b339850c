import dask
import dask.array as da
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import cuts

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.windows import assemble, window_tasks


@st.composite
def boxes(draw, shape):
    starts = [draw(st.integers(0, extent - 1)) for extent in shape]
    stops = [draw(st.integers(start + 1, extent)) for start, extent in zip(starts, shape, strict=True)]
    return Box(tuple(starts), tuple(stops))


def computed(array, tasks, windows):
    """Return the windows as one task each."""
    graph = {**dict(array.__dask_graph__()), **tasks}
    graph |= {("assembled", i): (assemble, window) for i, window in enumerate(windows)}
    return dask.get(graph, [("assembled", i) for i in range(len(windows))])


@given(st.data())
def test_windows_of_any_chunks_hold_the_pixels_of_their_boxes(data):
    axes = data.draw(st.sampled_from([1, 2, 3]))
    shape = data.draw(st.tuples(*(st.integers(1, 40 if axes < 3 else 15),) * axes))
    leading = data.draw(st.sampled_from([(), (3,)]))
    image = np.arange(np.prod((*leading, *shape))).reshape(*leading, *shape)
    array = da.from_array(image, chunks=(*leading, *(data.draw(cuts(n)) for n in shape)))
    boxes_drawn = data.draw(st.lists(boxes(shape), min_size=1, max_size=4))
    found = computed(array, *window_tasks(array, boxes_drawn, "window"))
    for window, box in zip(found, boxes_drawn, strict=True):
        assert np.array_equal(window, image[(..., *box.slices)])


def test_a_window_costs_one_task_for_each_chunk_that_it_touches():
    array = da.zeros((100, 100), chunks=20)
    tasks, windows = window_tasks(array, [Box((20, 20), (40, 40)), Box((15, 15), (45, 45))], "window")
    assert [[len(row) for row in window] for window in windows] == [[1], [3, 3, 3]]
    assert len(tasks) == 9  # the middle chunk, whole, serves both


def test_a_window_of_one_part_is_not_copied():
    part = np.zeros((4, 5))
    assert assemble([[part]]) is part
    assert assemble([[[part]]]) is part


def test_the_windows_of_a_volume_are_sections_of_rows():
    tasks, (window,) = window_tasks(da.zeros((2, 9, 9, 9), chunks=(2, 3, 3, 3)), [Box((0, 0, 0), (2, 6, 9))], "window")
    assert [[len(row) for row in section] for section in window] == [[3, 3]]
    assert len(tasks) == 6


def test_windows_share_the_parts_that_they_have_in_common():
    box = Box((0, 0), (30, 30))
    tasks, _ = window_tasks(da.zeros((50, 50), chunks=20), [box, box], "window")
    assert len(tasks) == 4


def test_a_window_reads_only_the_chunks_that_it_touches():
    array = da.from_array(np.zeros((100, 100)), chunks=20)
    tasks, _ = window_tasks(array, [Box((0, 0), (25, 5))], "window")
    assert {source for _, source, _ in tasks.values()} == {(array.name, 0, 0), (array.name, 1, 0)}
