"""A fitted nested graph network with everything that applying it needs: a value with passes over blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.ledger import stage
from terrazzo.memory import WORKER_WITH_TORCH
from terrazzo.models.device import choose_device, on_device
from terrazzo.models.fitted_model import common_of
from terrazzo.models.nested.clusters import Clusters
from terrazzo.models.nested.embed_block import Reach, embedded_block
from terrazzo.models.nested.network import NestedConfig, NestedNetwork
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.models.nested.task import nested_bytes
from terrazzo.models.passes.declared import Given, Holds, Near, Own, Pass
from terrazzo.models.passes.node_classes import paint_classes, paint_probabilities
from terrazzo.models.passes.pixel_classes import no_classes
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.models.superpixel_model import SuperpixelModel, check_names, restored_recipe
from terrazzo.regions.graphs.block_graph import BlockGraph, empty_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import AREA, INTENSITY, FeatureSet

NESTED_FEATURES: FeatureSet = (AREA, INTENSITY)
"""What is measured of superpixels whose channels are looked at."""


@dataclass(frozen=True, eq=False, repr=False)
class NestedModel(SuperpixelModel):
    """A nested graph network, fitted without annotation, and the clusters of its embedding: the domains.

    Parameters
    ----------
    network : NestedNetwork
        The network with its weights.
    scaling : Scaling
        How channels are brought to a common scale: divided by their deviation.
    clusters : Clusters
        Which embeddings belong to which domain.
    recipe : Recipe
        How an image becomes superpixels, and what is measured of them.
    class_names : tuple of str
        The domains, in the order of their values.
    colours : tuple of str
        A colour `#rrggbb` per domain.
    pixel_size : tuple of float or None
        The pixel size `(y, x)` or `(z, y, x)` of the images that it was fitted on.
    fitted : dict
        How the fit went: numbers for people.
    pixel_unit : str or None
        The unit of `pixel_size`, such as "micrometer".
    seen : Distribution or None
        The intensities of the images that it was fitted on.
    """

    network: NestedNetwork
    scaling: Scaling
    clusters: Clusters
    recipe: Recipe
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    seen: Distribution | None = None

    kind = "nested"
    title = "nested graph network"

    @property
    def settings(self) -> NestedSettings:
        """The shape of the network."""
        return self.network.config.settings

    @property
    def embedding_width(self) -> int:
        """How many numbers of an embedding the table of nodes has."""
        return self.settings.width

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the two passes: superpixels and what is measured of them; then their embeddings and domains."""
        width, clusters, recipe = self.settings.width, self.clusters.number, self.recipe
        classes = Pass(
            name="classes",
            reads=(Own("labels"), Own("rows"), Near("rows", Reach(self.settings, self.axes).cells)),
            gives=("classes", "probabilities", "node_probabilities", "node_embeddings"),
            run=partial(_domains, model=self, device=device),
            nothing=partial(_no_domains, recipe=recipe, clusters=clusters, width=width),
            decides=(self.fingerprint(), device),
            holds=Holds(
                partial(nested_bytes, config=self.network.config, recipe=recipe, clusters=clusters), WORKER_WITH_TORCH
            ),
        )
        return superpixels_pass(recipe), classes

    def header(self) -> dict[str, Any]:
        """Return the network's shape and the recipe as values of JSON."""
        return {"network": asdict(self.network.config), **self.recipe_header()}

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights, the scaling of the channels and the clusters."""
        weights = {f"network.{name}": tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}
        scales = {f"scaling.{column.name}": getattr(self.scaling, column.name) for column in fields(self.scaling)}
        arrays = scales | {f"clusters.{name}": array for name, array in self.clusters.arrays().items()}
        return weights | {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}

    @classmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], features: FeatureSet | None = None
    ) -> NestedModel:
        """Return the model of a header and its tensors; see `FittedModel.restored`."""
        shape = header["network"]
        config = NestedConfig(shape["channels"], NestedSettings(**shape["settings"]))
        # without storage: however large the header says that it is, it takes the file's own weights
        with torch.device("meta"):
            network = NestedNetwork(config).eval()
        network.load_state_dict(_named(tensors, "network."), assign=True)
        recipe = restored_recipe(header, features)
        scaling = Scaling(*(_named(tensors, "scaling.")[column.name].numpy() for column in fields(Scaling)))
        if not len(scaling.node_mean) == len(scaling.node_std) == config.channels == recipe.channels:
            raise ValueError(f"a network of {config.channels} channels, and images of {recipe.channels}")
        arrays = {name: tensor.numpy() for name, tensor in _named(tensors, "clusters.").items()}
        clusters = Clusters.restored(arrays, config.settings.width)
        check_names(header, clusters.number)
        return cls(network, scaling, clusters, recipe, **common_of(header))

    def described(self) -> dict[str, Any]:
        """Return superpixels, statistics and network as plain values."""
        return {
            "superpixels": asdict(self.recipe.superpixels),
            "statistics": [statistic.name for statistic in self.recipe.features],
            "network": asdict(self.settings),
            "cells_seen": Reach(self.settings, self.axes).cells,
            "parameters": sum(weights.numel() for weights in self.network.parameters()),
        }

    def said(self) -> dict[str, str | None]:
        """Return its shape, its regions and its superpixels, for people."""
        settings = self.settings
        inner = f"{settings.k:g} channels heard by each, in regions {settings.region} superpixels wide"
        return {
            "Network": f"nested graphs, embedding of width {settings.width}",
            "Inner graphs": inner if settings.inner else "none",
            **self.recipe_said(),
        }


def channel_columns(recipe: Recipe) -> list[int]:
    """Return which columns of superpixels are the means of their channels."""
    return [recipe.node_columns.index(f"mean_{channel}") for channel in range(recipe.channels)]


def _named(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _domains(
    block: Block,
    ids: NDArray[np.unsignedinteger[Any]],
    own: BlockGraph,
    near: list[BlockGraph],
    *,
    model: NestedModel,
    device: str,
) -> Given:
    network, recipe = on_device(model.network, choose_device(device)), model.recipe
    found = embedded_block(block, near, network, model.scaling, channel_columns(recipe), model.clusters, recipe)
    probabilities, embeddings = found.of(own.ids)
    with stage("paint"):
        classes = paint_classes(ids, block, found.classes)
    return {
        "classes": classes,
        "probabilities": paint_probabilities(ids, block, found.classes),
        "node_probabilities": (own, probabilities),
        "node_embeddings": embeddings,
    }


def _no_domains(block: Block, *, recipe: Recipe, clusters: int, width: int) -> Given:
    nobody = empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns)
    return no_classes(block) | {
        "node_probabilities": (nobody, np.empty((0, clusters), np.float32)),
        "node_embeddings": np.empty((0, width), np.float32),
    }
