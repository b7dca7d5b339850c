import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file

from terrazzo.io.mapped_arrays import mapped_arrays, write_arrays

TYPES = [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int64, np.float32, np.float64]


@given(
    st.lists(st.sampled_from(TYPES).flatmap(lambda t: arrays.arrays(t, arrays.array_shapes(min_side=0))), max_size=5)
)
def test_what_was_written_is_mapped_bit_for_bit_aligned_and_read_only(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("mapped") / "some.safetensors"
    named = {f"array {number}": array for number, array in enumerate(found)}
    write_arrays(named, path)
    again, others = mapped_arrays(path), load_file(path)
    assert again.keys() == named.keys() == others.keys()
    for name, array in named.items():
        assert again[name].dtype == array.dtype
        assert again[name].shape == array.shape
        assert again[name].tobytes() == array.tobytes() == others[name].tobytes()
        assert again[name].flags.aligned
        assert not again[name].flags.writeable
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_arrays_that_are_views_are_written_as_they_look(tmp_path):
    whole = np.arange(24.0).reshape(4, 6)
    write_arrays({"cut": whole[::2, 1:4].T}, tmp_path / "cut")
    assert np.array_equal(mapped_arrays(tmp_path / "cut")["cut"], whole[::2, 1:4].T)


def test_what_is_mapped_stays_when_the_file_is_replaced_or_removed(tmp_path):
    path = tmp_path / "some"
    write_arrays({"value": np.arange(5000)}, path)
    before = mapped_arrays(path)["value"]
    write_arrays({"value": np.zeros(3, np.int64)}, path)
    assert np.array_equal(before, np.arange(5000))
    assert mapped_arrays(path)["value"].size == 3
    path.unlink()
    assert np.array_equal(before, np.arange(5000))


def test_a_file_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_arrays({"value": np.zeros(3)}, tmp_path / "nowhere" / "some")
