from hypothesis import given
from hypothesis import strategies as st

from terrazzo.io.results.markers import marker, read_markers

numbers = st.integers(0, 10**9)
indices = st.lists(numbers, min_size=2, max_size=3).map(tuple)
counts = st.lists(numbers, max_size=3).map(tuple)


@given(blocks=st.dictionaries(indices, counts, max_size=6))
def test_what_is_marked_is_read_again_with_its_counts(blocks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    for index, found in blocks.items():
        marker(folder, index, found).touch()
    assert read_markers(folder) == blocks


def test_a_marker_is_named_after_its_block_and_what_it_counts(tmp_path):
    assert marker(tmp_path, (3, 5)).name == "3-5"
    assert marker(tmp_path, (1, 3, 5), (40, 90, 0)).name == "1-3-5.40-90-0"


def test_other_files_are_no_markers_and_without_a_folder_there_are_none(tmp_path):
    for name in (".3-5.partial", "3-5.txt", "README", ".nfs0001", "3-", "-3", "3-5.1-"):
        (tmp_path / name).touch()
    assert read_markers(tmp_path) == {}
    assert read_markers(tmp_path / "none") == {}
