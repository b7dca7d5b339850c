import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.comparison.assignment import AnnotatedSource, Source
from terrazzo.comparison.splitting.folds import SIDES, Fold
from terrazzo.comparison.splitting.side_sources import side_sources
from terrazzo.comparison.splitting.units import class_counts_of, units_by_group, units_by_image, units_by_region
from terrazzo.errors import InputError, ParameterError

NAMES, EXTENTS = ["mouse1_a", "mouse1_b", "mouse2_a"], [(10, 10)] * 3


def test_groups_come_from_a_pattern_a_table_or_a_mapping(tmp_path):
    by_pattern = units_by_group(NAMES, EXTENTS, r"(mouse\d)")
    assert [(unit.name, [number for number, _ in unit.parts]) for unit in by_pattern] == [
        ("mouse1", [0, 1]),
        ("mouse2", [2]),
    ]
    (tmp_path / "groups.csv").write_text("name,group\nmouse1_a,x\nmouse1_b,\nmouse2_a,y\n")
    by_table = units_by_group(NAMES, EXTENTS, tmp_path / "groups.csv")
    assert [(unit.name, unit.parts[0][0]) for unit in by_table] == [("x", 0), ("y", 2)]
    assert by_table == units_by_group(NAMES, EXTENTS, {"mouse1_a": "x", "mouse1_b": "", "mouse2_a": "y"})


def test_groups_that_do_not_name_every_image_are_refused(tmp_path):
    with pytest.raises(InputError, match="the groups do not name mouse1_b; give every image a group"):
        units_by_group(NAMES, EXTENTS, {"mouse1_a": "x"})
    with pytest.raises(InputError, match=r"groups '\(rat\)' does not match the image mouse1_a"):
        units_by_group(NAMES, EXTENTS, "(rat)")
    for pattern in ("mouse", "(mouse"):
        with pytest.raises(ParameterError, match="give a regular expression with one parenthesis"):
            units_by_group(NAMES, EXTENTS, pattern)
    (tmp_path / "groups.csv").write_text("a,b\n1,2\n")
    for path, said in (("groups.csv", "groups;"), ("none.csv", r"groups \(No such file or directory\);")):
        with pytest.raises(InputError, match=f"is no table of {said} give a CSV with the columns name and group"):
            units_by_group(NAMES, EXTENTS, tmp_path / path)


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([0, 8, 64]))
def test_regions_cover_each_pixel_once(height, width, gap):
    covered = np.zeros((height, width), int)
    for unit in units_by_region(["a"], [(height, width)], gap):
        covered[unit.parts[0][1].slices] += 1
    assert (covered == 1).all()


def test_annotated_pixels_are_counted_by_unit_and_class():
    truth = np.random.default_rng(0).choice(np.array([0, 1, 3, 255], np.uint8), (100, 130))
    units = units_by_region(["a"], [truth.shape], 8)
    counts = class_counts_of(units, [da.from_array(truth, chunks=37)])
    for unit, row in zip(units, counts, strict=True):
        assert row.tolist() == [(truth[unit.parts[0][1].slices] == value).sum() for value in range(4)]


@pytest.mark.parametrize("value", [-1, 300])
def test_a_value_that_is_no_class_is_refused(value):
    truth = da.from_array(np.full((5, 5), value, np.int16))
    with pytest.raises(InputError, match=f"the annotation holds the value {value}; classes are 0 to 254"):
        class_counts_of(units_by_image(["a"], [(5, 5)]), [truth])


@given(st.integers(0, 2**32), st.sampled_from([0, 8, 15]))
def test_pixels_of_different_sides_are_a_gap_apart(tmp_path_factory, seed, gap):
    folder = tmp_path_factory.mktemp("sides")
    truth = np.random.default_rng(seed).integers(0, 3, (150, 140)).astype(np.uint8)
    tz.write_ome_zarr(folder / "truth", truth, axes="yx", chunks=(40, 60))
    opened = Source.of(tz.open_labels(folder / "truth"))
    units = units_by_region(["a"], [truth.shape], gap or 8)
    order = np.random.default_rng(seed).permutation(len(units))
    fold = Fold(*(tuple(part.tolist()) for part in np.array_split(order, 3)))
    source = [AnnotatedSource("a", opened, opened)]
    kept = [
        side_sources(fold, side, units, source, gap, folder)[0].annotation.labels().plane.compute() for side in SIDES
    ]
    for one in kept:
        assert np.array_equal(one[one != 255], truth[one != 255])
    for side, one in zip(SIDES, kept, strict=True):
        assert (one != 255).any()
        for other_side, other in zip(SIDES, kept, strict=True):
            if side != other_side:
                assert distance(one != 255, other != 255) > 2 * -(-gap // 2)


def distance(one, other):
    """The least number of steps, diagonal ones included, between pixels of two masks."""
    from scipy import ndimage

    return ndimage.distance_transform_cdt(~one, metric="chessboard")[other].min()


def test_a_whole_image_on_one_side_is_used_as_it_is(tmp_path):
    source = AnnotatedSource("a", Source("a.zarr", 0, "yx"), Source("b.zarr", 0, "yx"))
    units = units_by_image(["a", "b", "c"], [(10, 10)] * 3)
    assert units[0].parts == ((0, Box((0, 0), (10, 10))),)
    assert side_sources(Fold((0,), (1,), (2,)), "test", units, [source] * 3, 64, tmp_path) == (source,)
    assert not list(tmp_path.iterdir())
