"""A fitted model: the network with everything that applying it needs."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.errors import ModelError
from terrazzo.ledger import stage
from terrazzo.memory import WORKER_WITH_TORCH
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import check_temperature, common_of
from terrazzo.models.gnn.classify_block import cells_needed, classify_nodes
from terrazzo.models.gnn.classify_task import classify_bytes
from terrazzo.models.gnn.network import GraphConfig, GraphNetwork
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.gnn.undirected import GNN, EdgeScaling, GNNConfig
from terrazzo.models.messages.backends import Backend
from terrazzo.models.passes.declared import Given, Holds, Near, Own, Pass
from terrazzo.models.passes.node_classes import paint_classes, paint_probabilities
from terrazzo.models.passes.pixel_classes import no_classes
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.models.superpixel_model import SuperpixelModel, check_names, restored_recipe
from terrazzo.regions.graphs.block_graph import BlockGraph, empty_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import FeatureSet

Ids = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Model(SuperpixelModel):
    """A network on region graphs, fitted, with the recipe of the graphs that it reads.

    Parameters
    ----------
    network : GraphNetwork, or the GNN of a file of before
        The network with its weights.
    scaling : Scaling
        How features are brought to a common scale.
    recipe : Recipe
        How an image becomes a graph.
    class_names : tuple of str
        The classes, in the order of their values.
    colours : tuple of str
        A colour `#rrggbb` per class.
    pixel_size : tuple of float or None
        The pixel size `(y, x)` or `(z, y, x)` of the images that it was fitted on.
    fitted : dict
        How the fit went: numbers for people.
    pixel_unit : str or None
        The unit of `pixel_size`, such as "micrometer".
    seen : Distribution or None
        The intensities of the images that it was fitted on.
    temperature : float
        By what logits are divided before they become probabilities; 1 leaves them as they are.
    """

    network: GraphNetwork | GNN
    scaling: Scaling
    recipe: Recipe
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    seen: Distribution | None = None
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature)

    kind = "gnn"
    title = "graph network"

    @property
    def reach(self) -> tuple[int, ...]:
        """How many cells around a block, along each axis, own nodes that the classes of its pixels depend on."""
        return cells_needed(self.network.config.reach(self.recipe.superpixels.size))

    def uncalibrated(self) -> Model:
        """Return the same model without a temperature."""
        return replace(self, temperature=1.0)

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the two passes: superpixels and what is measured of them; then their classes."""
        network, recipe = self.network.config, self.recipe
        classes = Pass(
            name="classes",
            reads=(Own("labels"), Own("rows"), Near("rows", self.reach)),
            gives=("classes", "probabilities", "node_probabilities"),
            run=partial(_classes, model=self, device=device),
            nothing=partial(_no_classes, recipe=recipe, classes=network.classes),
            decides=(self.fingerprint(), device),
            holds=Holds(partial(classify_bytes, network=network, recipe=recipe), WORKER_WITH_TORCH),
        )
        return superpixels_pass(recipe), classes

    def fingerprint(self) -> str:
        """Return a hash of the weights, the scaling and the recipe: what decides the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(repr((self.network.config, self.recipe, self.class_names)).encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
        if self.temperature != 1:
            digest.update(repr(self.temperature).encode())
        for column in fields(self.scaling):
            digest.update(getattr(self.scaling, column.name).tobytes())
        return digest.hexdigest()

    def header(self) -> dict[str, Any]:
        """Return the network's shape and the recipe as values of JSON."""
        temperature = {} if self.temperature == 1 else {"temperature": self.temperature}
        return {"network": asdict(self.network.config), **temperature, **self.recipe_header()}

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights and the scaling of the features."""
        weights = {f"network.{name}": tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}
        columns = [column.name for column in fields(self.scaling)]
        return weights | {f"scaling.{name}": torch.from_numpy(getattr(self.scaling, name)) for name in columns}

    @classmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], features: FeatureSet | None = None
    ) -> Model:
        """Return the model of a header and its tensors; see `FittedModel.restored`."""
        weights = {name.removeprefix("network."): t.float() for name, t in tensors.items() if name[:8] == "network."}
        # without storage: however large the header says that it is, it takes the file's own weights
        with torch.device("meta"):
            network = _network_of(header["network"], len(tensors)).eval()
        network.load_state_dict(weights, assign=True)
        check_names(header, network.config.classes)
        kind = EdgeScaling if isinstance(network, GNN) else Scaling
        scaling = kind(*(tensors[f"scaling.{column.name}"].numpy() for column in fields(kind)))
        recipe, temperature = restored_recipe(header, features), header.get("temperature", 1.0)
        if isinstance(network, GraphNetwork) and network.config.axes != len(recipe.superpixels.size):
            raise ValueError(f"a network of {network.config.axes} axes for superpixels of {recipe.superpixels.size}")
        return cls(network, scaling, recipe, **common_of(header), temperature=temperature)

    def described(self) -> dict[str, Any]:
        """Return superpixels, statistics and network as plain values."""
        return {
            "superpixels": asdict(self.recipe.superpixels),
            "statistics": [statistic.name for statistic in self.recipe.features],
            "network": asdict(self.network.config),
            "temperature": self.temperature,
            "parameters": sum(weights.numel() for weights in self.network.parameters()),
        }

    def class_probabilities(
        self, graph: RegionGraph, *, device: str = "cpu", backend: Backend = "auto"
    ) -> NDArray[np.float32]:
        """Return the probability of each class at each node, shape (N, C), of logits divided by the temperature."""
        logits = torch.from_numpy(self.logits(graph, device=device, backend=backend))
        probabilities: NDArray[np.float32] = torch.softmax(logits / self.temperature, dim=1).numpy()
        return probabilities

    def logits(self, graph: RegionGraph, *, device: str = "cpu", backend: Backend = "auto") -> NDArray[np.float32]:
        """Return the logits of each class at each node, shape (N, C): logarithms of probabilities, but for a constant.

        Parameters
        ----------
        graph : RegionGraph
            Made by this model's recipe.
        device : str
            "cpu", "cuda", "cuda:0" or "auto".
        backend : {"auto", "dgl", "torch"}
            What passes the messages; a network of before passes them in plain torch.

        Raises
        ------
        ModelError
            If the graph's columns are not those that the model was fitted on.
        """
        if graph.node_columns != self.recipe.node_columns or graph.edge_columns != self.recipe.edge_columns:
            raise ModelError(
                f"the graph has {len(graph.node_columns)} node and {len(graph.edge_columns)} edge features that are "
                "not the model's; build it with model.recipe.features on images with the same channels"
            )
        where = choose_device(device)
        # a copy where it has to move: the model stays on the CPU, and other threads may use it
        network = self.network if where.type == "cpu" else copy.deepcopy(self.network).to(where)
        network.eval()
        with stage("network"), torch.inference_mode():
            answers = network.answers(graph, self.scaling, self.recipe.superpixels.size, where, backend)
            logits: NDArray[np.float32] = answers.cpu().numpy()
        return logits

    def said(self) -> dict[str, str | None]:
        """Return its shape, its superpixels and what is measured of them, for people."""
        return {"Network": self.network.config.said(), **self.recipe_said()}


def _network_of(shape: Mapping[str, Any], tensors: int) -> GraphNetwork | GNN:
    """Return a network of a shape; what nobody has sealed may ask for more rounds than there is memory."""
    if "aggregation" in shape:
        before = GNNConfig(**shape)
        if before.layers > tensors:
            raise ValueError(f"{before.layers} layers in {tensors} tensors")
        return GNN(before)
    settings = GNNSettings(**{"pool_sections": True, **shape["settings"]})
    if sum(settings.rounds) > tensors:
        raise ValueError(f"{settings} in {tensors} tensors")
    return GraphNetwork(GraphConfig(**{**shape, "settings": settings}))


def _classes(block: Block, ids: Ids, own: BlockGraph, near: list[BlockGraph], *, model: Model, device: str) -> Given:
    found = classify_nodes(block, near, model.recipe, model.reach, partial(model.class_probabilities, device=device))
    with stage("paint"):
        classes = paint_classes(ids, block, found)
    return {
        "classes": classes,
        "probabilities": paint_probabilities(ids, block, found),
        "node_probabilities": (own, found.probabilities[np.searchsorted(found.ids, own.ids)]),
    }


def _no_classes(block: Block, *, recipe: Recipe, classes: int) -> Given:
    nobody = empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns)
    return no_classes(block) | {"node_probabilities": (nobody, np.empty((0, classes), np.float32))}


def unfitted_model(recipe: Recipe, classes: int = 2, settings: GNNSettings = GNNSettings()) -> Model:
    """Return a model with random weights, by default of the default shape."""
    axes = len(recipe.superpixels.size)
    nodes = np.zeros(len(recipe.node_columns), np.float32)
    names = tuple(f"class {value}" for value in range(classes))
    chosen = settings.on(recipe.superpixels.size)
    network = GraphNetwork(GraphConfig(axes, nodes.size, classes, chosen, len(recipe.edge_columns))).eval()
    return Model(network, Scaling(nodes, nodes + 1), recipe, names, ("#000000",) * classes)
