from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_tables import shown

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.region_graph import RegionGraph


def graph_of(nodes, pairs, seed=0):
    """A graph with random features; `pairs` are unordered and may repeat."""
    rng = np.random.default_rng(seed)
    edges = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    return RegionGraph(
        ids=np.arange(1, nodes + 1, dtype=np.uint32) * 10,
        positions=rng.random((nodes, 2)) * 100,
        areas=rng.integers(1, 300, nodes).astype(np.uint32),
        node_features=rng.standard_normal((nodes, 3)).astype(np.float32),
        edge_index=np.array(edges, dtype=np.int64).reshape(-1, 2).T,
        edge_features=rng.standard_normal((len(edges), 2)).astype(np.float32),
        node_columns=("a", "b", "c"),
        edge_columns=("p", "q"),
    )


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 25))
    row = st.integers(0, nodes - 1)
    return graph_of(nodes, draw(st.lists(st.tuples(row, row), max_size=50)), draw(st.integers(0, 99)))


def rows_within(graph, start, hops):
    """The ring again, by walking a dictionary of neighbours."""
    neighbours = {row: set() for row in range(graph.number_of_nodes)}
    for low, high in graph.edge_index.T.tolist():
        neighbours[low].add(high)
        neighbours[high].add(low)
    reached = set(start)
    for _ in range(hops):
        reached |= {other for row in reached for other in neighbours[row]}
    return sorted(reached)


@settings(deadline=None)
@given(graphs(), st.data())
def test_a_ring_holds_what_can_be_walked_to(graph, data):
    start = data.draw(st.lists(st.integers(0, graph.number_of_nodes - 1), max_size=4))
    hops = data.draw(st.integers(0, 5))
    assert graph.ring(np.array(start, dtype=int), hops).tolist() == rows_within(graph, start, hops)


def test_a_ring_on_a_path_grows_by_one_node_at_each_end_per_hop():
    path = graph_of(9, [(i, i + 1) for i in range(8)])
    assert path.ring([4], 0).tolist() == [4]
    assert path.ring([4], 2).tolist() == [2, 3, 4, 5, 6]
    assert path.ring([4], 100).tolist() == list(range(9))


@settings(deadline=None)
@given(graphs(), st.data())
def test_a_subgraph_keeps_the_chosen_nodes_and_the_edges_between_them(graph, data):
    chosen = data.draw(st.lists(st.integers(0, graph.number_of_nodes - 1)))
    part = graph.subgraph(np.array(chosen, dtype=int))
    rows = sorted(set(chosen))
    assert part.ids.tolist() == graph.ids[rows].tolist()
    assert np.array_equal(part.node_features, graph.node_features[rows])
    expected = {
        (graph.ids[low], graph.ids[high]): graph.edge_features[k].tolist()
        for k, (low, high) in enumerate(graph.edge_index.T)
        if low in rows and high in rows
    }
    low, high = part.ids[part.edge_index]
    found = dict(zip(zip(low, high, strict=True), part.edge_features.tolist(), strict=True))
    assert found == expected


@settings(deadline=None)
@given(graphs())
def test_the_subgraph_of_all_nodes_is_the_graph(graph):
    everything = np.arange(graph.number_of_nodes)
    assert graph.subgraph(everything).equals(graph)
    assert graph.subgraph(everything[::-1]).equals(graph)


def test_graphs_that_differ_in_one_value_are_not_equal():
    graph = graph_of(4, [(0, 1), (1, 2)])
    other = graph.edge_features.copy()
    other[1, 0] = np.nextafter(other[1, 0], np.float32(9))
    assert graph.equals(graph_of(4, [(0, 1), (1, 2)]))
    assert not graph.equals(replace(graph, edge_features=other))
    assert not graph.equals(replace(graph, ids=graph.ids.astype(np.uint64)))
    assert not graph.equals(replace(graph, node_columns=("a", "b", "d")))
    assert not graph.equals(graph.subgraph([0, 1, 2]))


def test_a_graph_without_edges_works_everywhere():
    graph = graph_of(3, [])
    assert graph.number_of_edges == 0
    assert graph.ring([1], 4).tolist() == [1]
    assert graph.subgraph([2]).number_of_nodes == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"areas": np.ones(3, np.uint32)}, "areas of a region graph"),
        ({"ids": np.arange(4, dtype=np.int64)}, "ids of a region graph is int64"),
        ({"ids": np.array([1, 3, 2, 4], np.uint32)}, "strictly ascending"),
        ({"node_columns": ("a",)}, "node_features of a region graph"),
        ({"edge_index": np.array([[0, 1], [1, 4]])}, "0 <= low < high < 4"),
        ({"edge_index": np.array([[-1, 1], [1, 2]])}, "0 <= low < high < 4"),
        ({"edge_index": np.array([[1, 1], [0, 2]])}, "1 edges do not name the lower row first"),
        ({"edge_index": np.array([[1, 0], [2, 1]])}, "not ordered"),
        ({"edge_index": np.array([[0, 0], [1, 1]])}, "not ordered"),
    ],
)
def test_a_graph_out_of_order_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        replace(graph_of(4, [(0, 1), (1, 2)]), **change)


@pytest.mark.parametrize("rows", [[3], [-1], [0.5]])
def test_rows_that_do_not_exist_are_refused(rows):
    graph = graph_of(3, [(0, 1)])
    with pytest.raises(ParameterError, match="rows"):
        graph.ring(rows, 1)
    with pytest.raises(ParameterError, match="rows"):
        graph.subgraph(rows)


def test_a_ring_of_negative_width_is_refused():
    with pytest.raises(ParameterError, match="at least 0"):
        graph_of(3, []).ring([0], -1)


@settings(max_examples=20, deadline=None)
@given(graphs(), st.integers(0, 3), st.integers(0, 3))
def test_rings_add_up(graph, first, second):
    start = np.array([0])
    assert np.array_equal(graph.ring(graph.ring(start, first), second), graph.ring(start, first + second))


def test_it_says_in_a_line_and_in_a_table_what_it_holds():
    graph = graph_of(3, [(0, 1), (1, 2)])
    assert repr(graph) == "<terrazzo.RegionGraph: 3 nodes with 3 features, 2 edges with 2 features>"
    assert shown(graph).rows == {
        "Nodes": "3, ids in uint32",
        "Positions": "(y, x)",
        "Edges": "2",
        "Node features": "3: a, b, c",
        "Edge features": "2: p, q",
    }


def test_of_many_columns_it_names_the_first():
    columns = tuple(f"c{n}" for n in range(43))
    graph = replace(graph_of(2, []), node_features=np.zeros((2, 43), np.float32), node_columns=columns)
    assert shown(graph).rows["Node features"].startswith("43: c0, c1")
    assert shown(graph).rows["Node features"].endswith("c11, … (43 in all)")
