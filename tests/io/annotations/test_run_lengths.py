import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from terrazzo.errors import InputError
from terrazzo.io.annotations.run_lengths import mask_of_runs

# by pycocotools 2.0.11
RING = (
    "nh0?d16J6L2M4M2M4M2N2N2N2O0O2N2O0O2N2O000OUOC0<LL04N00O030LO60J060JO80H080H080H080HO:0F180H080H080H080H160J060J140M"
    "01002L044D0=k010001N2N101N2N101N2N2N2N3L3N3L3N4J6JoZ1"
)
PIXEL = "Q;1ji5"

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def runs_of(mask):
    """How many pixels are outside, inside, outside, ... down the columns: one by one."""
    counts, inside = [0], False
    for value in mask.T.ravel().tolist():
        if value != inside:
            counts.append(0)
            inside = value
        counts[-1] += 1
    return counts


@settings(max_examples=80)
@given(masks.filter(np.any))
def test_a_mask_is_what_its_runs_say(mask):
    found, (top, left) = mask_of_runs({"size": list(mask.shape), "counts": runs_of(mask)})
    placed = np.zeros_like(mask)
    placed[top : top + found.shape[0], left : left + found.shape[1]] = found
    assert np.array_equal(placed, mask)
    assert found.any(axis=0)[[0, -1]].all()
    assert found.any(axis=1)[[0, -1]].all()


def test_runs_packed_as_pycocotools_packs_them():
    rows, columns = np.indices((70, 90))
    far = (rows - 35) ** 2 + (columns - 40) ** 2
    expected = {RING: (far < 900) & (far > 100), PIXEL: (rows == 3) & (columns == 5)}
    for text, mask in expected.items():
        found, (top, left) = mask_of_runs({"size": [70, 90], "counts": text})
        placed = np.zeros((70, 90), bool)
        placed[top : top + found.shape[0], left : left + found.shape[1]] = found
        assert np.array_equal(placed, mask)


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        ({"counts": [1]}, "its mask has no size of two whole numbers"),
        ({"size": [2, 2, 2], "counts": [8]}, "its mask has no size of two whole numbers"),
        ({"size": [2, -2], "counts": [4]}, "its mask has no size of two whole numbers"),
        ({"size": [2, 2], "counts": [1, 2]}, "the runs of its mask sum up to 3 and its size is 2 x 2"),
        ({"size": [2, 2], "counts": [-1, 5]}, "the runs of its mask sum up to 4"),
        ({"size": [2, 2], "counts": [4]}, "its mask is empty; remove it"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "the runs of its mask are neither whole numbers nor a text"),
        ({"size": [2, 2], "counts": [1, "2"]}, "the runs of its mask are neither whole numbers nor a text"),
        ({"size": [2, 2], "counts": [[1], [2, 1]]}, "the runs of its mask are neither whole numbers nor a text"),
        ({"size": [2, 2], "counts": None}, "the runs of its mask are neither whole numbers nor a text"),
        ({"size": [2, 2], "counts": "1\u00e9"}, "packed in a way that is not COCO's, at '.xe9'"),
        ({"size": [2, 2], "counts": "oooooooooooo1"}, "packed in a way that is not COCO's, at 'o'"),
        ({"size": [2, 2], "counts": "1o"}, "end in the middle of a number"),
        ({"size": [2**30, 2**30], "counts": [0, 2**60]}, "at most 268435456 are read as one object"),
    ],
)
def test_runs_that_are_none_are_refused(encoded, message):
    with pytest.raises(InputError, match=message):
        mask_of_runs(encoded)
