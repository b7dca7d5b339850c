"""Train a network on annotated graphs in memory."""

from collections.abc import Sequence
from functools import partial

from terrazzo.errors import ParameterError
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.gnn.sides import sides_of_graphs
from terrazzo.training.gnn.train_network import FittedNetwork, Shape, train_network
from terrazzo.training.rules.annotated_inputs import check_annotation, pixels_of
from terrazzo.training.rules.training import GNNTraining


def fit_network(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    *,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
    began: float | None = None,
    class_names: Sequence[str] | None = None,
) -> FittedNetwork:
    """Train a `GNN` on annotated graphs until the validation loss no longer falls.

    Training sees only training nodes: nodes held out are not even neighbours. What does not fit one batch is
    cut in space, each piece with the ring that its logits depend on. On the CPU the same seed gives the same
    weights; with `seconds`, the same seed and the `steps` that it came to.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
        Graphs with the same columns, and the annotation of each.
    network : GNNSettings
    training : GNNTraining
        Its `split` is used in place of `split_nodes`.
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.
    class_names : sequence of str, optional
        What warnings call the classes.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    ParameterError
        If graphs and targets do not fit each other, fewer than two classes are annotated, a side of the split
        has no annotated pixel, or a parameter is out of range.
    """
    _check_pairs(graphs, targets)
    check_annotation(pixels_of(target.counts for target in targets), class_names)
    shape = Shape(len(graphs[0].node_columns), len(graphs[0].edge_columns), targets[0].number_of_classes)
    cut = partial(sides_of_graphs, graphs, targets, training.split)
    return train_network(cut, shape, network=network, training=training, began=began)


def _check_pairs(graphs: Sequence[RegionGraph], targets: Sequence[NodeTargets]) -> None:
    if len(graphs) != len(targets) or not graphs:
        raise ParameterError(f"{len(graphs)} graphs came with {len(targets)} targets; give one target per graph")
    first = graphs[0]
    for number, (graph, target) in enumerate(zip(graphs, targets, strict=True)):
        if graph.number_of_nodes != len(target.counts):
            raise ParameterError(
                f"graph {number} has {graph.number_of_nodes} nodes and its targets {len(target.counts)}; "
                "count the annotation on the same superpixels"
            )
        if (graph.node_columns, graph.edge_columns) != (first.node_columns, first.edge_columns):
            mine, theirs = (set(g.node_columns + g.edge_columns) for g in (graph, first))
            difference = ", ".join(sorted(mine ^ theirs)) or "their order"
            raise ParameterError(
                f"graph {number} and graph 0 differ in features ({difference}); "
                "compute all graphs with the same feature set"
            )
        if target.number_of_classes != targets[0].number_of_classes:
            raise ParameterError(
                f"targets {number} have {target.number_of_classes} classes and targets 0 have "
                f"{targets[0].number_of_classes}; count all annotations with the same number of classes"
            )
