import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.rules.splits import default_tile, split_graphs, split_nodes, split_tiles


def grid_graph(height, width, spacing=10):
    """Regions on a grid, each joined to the ones beside and below it."""
    rows = np.arange(height * width).reshape(height, width)
    beside = np.stack([rows[:, :-1].ravel(), rows[:, 1:].ravel()])
    below = np.stack([rows[:-1].ravel(), rows[1:].ravel()])
    edges = np.hstack([beside, below])
    y, x = np.divmod(rows.ravel(), width)
    return RegionGraph(
        ids=np.arange(1, rows.size + 1, dtype=np.uint32),
        positions=np.stack([y, x], axis=1) * float(spacing),
        areas=np.full(rows.size, spacing**2, np.uint32),
        node_features=np.zeros((rows.size, 1), np.float32),
        edge_index=edges[:, np.lexsort(edges[::-1])],
        edge_features=np.zeros((edges.shape[1], 0), np.float32),
        node_columns=("a",),
        edge_columns=(),
    )


def targets_of(classes, number_of_classes=2):
    """One annotated pixel of its class per node; -1 is not annotated."""
    classes = np.asarray(classes)
    return NodeTargets((classes[:, None] == np.arange(number_of_classes)).astype(np.uint32))


@settings(deadline=None)
@given(st.integers(3, 40), st.floats(0.05, 0.6), st.integers(0, 999))
def test_graphs_are_split_whole_and_about_in_that_share(number, share, seed):
    training, validation = split_graphs(number, validation=share, seed=seed)
    assert sorted([*training, *validation]) == list(range(number))
    assert len(training) >= 1
    assert len(validation) == min(np.ceil(share * number * (1 - 1e-9)), number - 1)


def test_a_tenth_of_thirty_graphs_is_three():
    assert len(split_graphs(30, validation=0.1)[1]) == 3


def test_the_seed_decides_which_graphs():
    first, again, other = (split_graphs(50, seed=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 3), max_size=3), min_size=3, max_size=12), st.integers(0, 99))
def test_a_split_of_graphs_leaves_every_class_in_training(classes_of, seed):
    targets = [targets_of([*classes, -1], 4) for classes in classes_of]
    everything = set().union(*classes_of)
    try:
        training, validation = split_graphs(len(targets), seed=seed, targets=targets)
    except ParameterError:
        for i, classes in enumerate(classes_of):
            assert not classes or set().union(*classes_of[:i], *classes_of[i + 1 :]) != everything
    else:
        assert set().union(*(classes_of[i] for i in training)) == everything
        assert set().union(*(classes_of[i] for i in validation))


def test_a_class_that_two_graphs_hold_is_on_both_sides():
    targets = [targets_of([0, 1, 2], 3), targets_of([2, 0], 3), *(targets_of([0, 1], 3) for _ in range(28))]
    for seed in range(20):
        training, validation = split_graphs(30, validation=0.1, seed=seed, targets=targets)
        assert len({0, 1} & set(training)) == len({0, 1} & set(validation)) == 1


def test_two_graphs_are_too_few():
    with pytest.raises(ParameterError, match="at least 3, or split by tiles"):
        split_graphs(2)


@settings(deadline=None)
@given(
    st.integers(8, 25),
    st.integers(8, 25),
    st.sampled_from([20, 35, 50]),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_tiles_share_no_region_and_no_neighbour(height, width, tile, gap_hops, seed):
    graph = grid_graph(height, width)
    try:
        training, validation = split_tiles(graph, tile=tile, gap_hops=gap_hops, seed=seed)
    except ParameterError:
        assume(False)
    assert len(training)
    assert len(validation)
    assert not np.intersect1d(graph.ring(validation, gap_hops), training).size


def test_all_nodes_of_a_tile_are_on_one_side():
    graph = grid_graph(20, 20)
    _, validation = split_tiles(graph, tile=50, seed=3)
    tiles = np.floor(graph.positions / 50) @ [10, 1]
    for tile in np.unique(tiles[validation]):
        assert np.isin(np.flatnonzero(tiles == tile), validation).all()


def test_every_node_outside_the_gap_is_used():
    graph = grid_graph(20, 20)
    training, validation = split_tiles(graph, tile=50, gap_hops=2, seed=3)
    gap = np.setdiff1d(graph.ring(validation, 2), validation)
    assert sorted([*training, *validation, *gap]) == list(range(400))


def test_a_rare_class_is_on_both_sides():
    graph = grid_graph(24, 24)
    classes = np.zeros((24, 24), int)
    classes[2:4, 2:4] = classes[20:22, 20:22] = 1
    targets = targets_of(classes.ravel())
    for seed in range(10):
        training, validation = split_tiles(graph, tile=60, seed=seed, targets=targets)
        assert targets.counts[training].any(axis=0).all()
        assert targets.counts[validation].any(axis=0).all()


def test_a_class_in_one_tile_stays_in_training():
    graph = grid_graph(24, 24)
    classes = np.zeros(576, int)
    classes[30] = 1
    targets = targets_of(classes)
    training, validation = split_tiles(graph, tile=60, targets=targets)
    assert 30 in training
    assert validation.size


def test_a_tile_whose_gap_takes_a_class_from_training_is_passed_over():
    graph = grid_graph(10, 30)
    targets = targets_of([1 if column in (9, 10) else 0 for _ in range(10) for column in range(30)])
    for seed in range(10):
        _, validation = split_tiles(graph, tile=100, seed=seed, targets=targets)
        assert (graph.positions[validation, 1] >= 200).all()


def test_tiles_that_all_take_a_class_from_training_are_refused():
    graph = grid_graph(3, 10)
    targets = targets_of([1 if column == 4 else 0 for _ in range(3) for column in range(10)])
    with pytest.raises(ParameterError, match="no tile of 50 pixels with a gap of 2 edges can be held out"):
        split_tiles(graph, tile=50, targets=targets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tile": 1000}, "annotate more places, farther apart"),
        ({"tile": 0}, "tile is 0"),
        ({"tile": 50, "gap_hops": 0}, "gap_hops 0"),
        ({"tile": 50, "validation": 1.0}, "validation is 1.0"),
    ],
)
def test_a_split_that_cannot_be_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        split_tiles(grid_graph(12, 12), **options)


@pytest.mark.parametrize(
    ("number", "share", "whole"), [(5, 0.2, 1), (4, 0.2, 0), (3, 1 / 3, 1), (3, 0.2, 0), (2, 0.5, 0)]
)
def test_graphs_are_split_whole_where_one_is_no_more_than_the_share_and_otherwise_by_tiles(number, share, whole):
    graph, targets = grid_graph(30, 30), targets_of(np.arange(900) % 2)
    split = split_nodes([graph] * number, [targets] * number, validation=share)
    trained, held = ([len(rows) for rows in side] for side in (split.training, split.validation))
    if whole:
        assert sorted(trained) == [0] * whole + [900] * (number - whole)
        assert sorted(held) == [0] * (number - whole) + [900] * whole
    else:
        assert all(0 < own < 900 for own in (*held, *trained))


def test_of_two_graphs_one_without_annotation_is_only_seen():
    graph = grid_graph(30, 30)
    split = split_nodes([graph, graph], [targets_of(np.arange(900) % 2), targets_of(np.full(900, -1))])
    assert len(split.validation[0]) > 0
    assert len(split.validation[1]) == 0
    assert len(split.training[1]) == 900


def spots(*places, side=30):
    """Targets of a square grid graph with 2 x 2 nodes annotated at each (y, x, class)."""
    classes = np.full((side, side), -1)
    for y, x, number in places:
        classes[y : y + 2, x : x + 2] = number
    return targets_of(classes.ravel(), 3)


def test_an_image_with_a_single_scribble_goes_wholly_to_training():
    graph = grid_graph(30, 30)
    everywhere = targets_of(np.arange(900) % 2, 3)
    for scribble in (spots((2, 2, 0)), spots((2, 2, 0), (20, 20, 1)), spots((2, 2, 2))):
        split = split_nodes([graph, graph], [everywhere, scribble])
        assert 0 < len(split.validation[0]) < len(split.training[0]) < 900
        assert len(split.training[1]) == 900
        assert len(split.validation[1]) == 0


def test_an_image_with_one_class_in_several_places_is_cut_like_any_other():
    graph = grid_graph(30, 30)
    split = split_nodes([graph, graph], [targets_of(np.arange(900) % 2, 3), spots((2, 2, 2), (20, 20, 2))])
    assert all(len(rows) > 0 for rows in split.validation)


def test_three_images_of_one_class_each_are_split_by_tiles():
    graphs = [grid_graph(30, 30)] * 3
    split = split_nodes(graphs, [targets_of(np.full(900, number), 3) for number in range(3)])
    assert all(0 < len(rows) < 900 for rows in (*split.training, *split.validation))


def test_of_images_with_a_scribble_each_one_is_held_out_whose_classes_the_others_keep():
    graph = grid_graph(30, 30)
    targets = [spots((2, 2, 0), (20, 20, 1)), spots((2, 2, 1), (20, 20, 2))]
    split = split_nodes([graph, graph], targets)
    held_out = [own.counts[rows].sum(axis=0) for own, rows in zip(targets, split.validation, strict=True)]
    np.testing.assert_array_equal(held_out, [[0, 4, 0], [0, 0, 0]])


@pytest.mark.parametrize("places", [[], [[]], [[(2, 2, 0)], [(2, 2, 1)], [(2, 2, 2)]], [[(2, 2, 0), (4, 4, 1)]]])
def test_annotation_of_which_nothing_can_be_held_out_is_refused_with_a_remedy(places):
    with pytest.raises(ParameterError, match="annotate more places, farther apart"):
        split_nodes([grid_graph(30, 30)] * len(places), [spots(*own) for own in places])


def keeps_every_class(targets, training):
    """Whether the training rows of all graphs still hold every class that is annotated."""
    kept = sum(own.counts[rows].sum(axis=0) for own, rows in zip(targets, training, strict=True))
    return ((kept > 0) | (sum(own.counts.sum(axis=0) for own in targets) == 0)).all()


def can_hold_out_a_tile(graph, targets, tile, gap_hops):
    """Whether any one annotated tile can be held out and every class stays in training, by trying them all."""
    _, tile_of_row = np.unique(graph.positions // tile @ [1000, 1], return_inverse=True)
    everything = [np.arange(graph.number_of_nodes)] * len(targets)
    for i, own in enumerate(targets):
        for number in np.unique(tile_of_row[own.annotated > 0]):
            gap = graph.ring(np.flatnonzero(tile_of_row == number), gap_hops)
            training = [*everything[:i], np.setdiff1d(everything[i], gap), *everything[i + 1 :]]
            if keeps_every_class(targets, training):
                return True
    return False


scribbles = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(0, 2)), max_size=5)


@settings(deadline=None)
@given(st.lists(scribbles, min_size=1, max_size=4), st.sampled_from([30, 50]), st.integers(1, 3), st.integers(0, 99))
def test_sparse_scribbles_are_split_wherever_a_tile_can_be_held_out(places, tile, gap_hops, seed):
    graph, targets = grid_graph(12, 12), [spots(*own, side=12) for own in places]
    options = {"tile": tile, "gap_hops": gap_hops, "seed": seed}
    try:
        split = split_nodes([graph] * len(targets), targets, **options)
    except ParameterError:
        assert not can_hold_out_a_tile(graph, targets, tile, gap_hops)
        return
    assert keeps_every_class(targets, split.training)
    assert any(own.annotated[rows].any() for own, rows in zip(targets, split.validation, strict=True))
    for training, validation in zip(split.training, split.validation, strict=True):
        assert not np.intersect1d(graph.ring(validation, gap_hops), training).size
    again = split_nodes([graph] * len(targets), targets, **options)
    for side in ("training", "validation"):
        assert all(map(np.array_equal, getattr(split, side), getattr(again, side)))


def test_the_default_tile_is_an_eighth_of_the_image_or_eight_regions():
    assert default_tile(grid_graph(5, 201)) == 250
    assert default_tile(grid_graph(20, 20)) == 80


def test_graphs_that_are_named_are_held_out():
    graphs = [grid_graph(2, 3) for _ in range(3)]
    targets = [targets_of([0, 1, 0, 1, 0, 1])] * 3
    split = split_nodes(graphs, targets, validation=(1,))
    assert [len(rows) for rows in split.training] == [6, 0, 6]
    assert [len(rows) for rows in split.validation] == [0, 6, 0]


@pytest.mark.parametrize("named", [(), (3,), (-1,), (0, 1, 2)])
def test_graphs_that_cannot_be_held_out_are_refused(named):
    graphs, targets = [grid_graph(2, 3)] * 3, [targets_of([0, 1, 0, 1, 0, 1])] * 3
    with pytest.raises(ParameterError, match="name at least one from 0 to 2, and leave one for training"):
        split_nodes(graphs, targets, validation=named)
