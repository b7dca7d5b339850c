"""A lattice network, fitted: a kind of model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.errors import ModelError
from terrazzo.memory import WORKER_WITH_TORCH
from terrazzo.models.device import choose_device, on_device
from terrazzo.models.fitted_model import common_of
from terrazzo.models.lattice.cell_rows import cell_rows, place_columns
from terrazzo.models.lattice.decide_pixels import decided_pixels
from terrazzo.models.lattice.embed_block import cells_needed, embedded_block
from terrazzo.models.lattice.network import LatticeConfig, LatticeNetwork
from terrazzo.models.lattice.pixel_responses import BANK, response_columns, response_window
from terrazzo.models.lattice.scales import SCALES, Scales
from terrazzo.models.lattice.settings import Decision, LatticeSettings
from terrazzo.models.lattice.task import lattice_bytes
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.models.passes.declared import Given, Holds, Near, Own, Pass, Pixels, Seen
from terrazzo.models.passes.pixel_classes import no_classes
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.models.superpixel_model import UNLIKE, SuperpixelModel, check_names, restored_recipe
from terrazzo.regions.graphs.block_graph import BlockGraph, empty_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.row_spread import RowSpread
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import FeatureSet
from terrazzo.regions.statistics.filter_bank import bank_named
from terrazzo.wording import counted

Ids = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class LatticeModel(SuperpixelModel):
    """A lattice network, fitted, with the recipe of the superpixels that it reads.

    Parameters
    ----------
    network : LatticeNetwork
        The network with its weights.
    scales : Scales
        How rows and responses are brought to a common scale.
    recipe : Recipe
        How an image becomes superpixels and what is measured of them.
    class_names, colours, pixel_size, fitted, pixel_unit, seen
        As for `Model`.
    temperatures : Temperatures
        By what logits are divided before they become probabilities.
    spread : RowSpread or None
        How the superpixels that it was fitted on lie, where a fit remembers it: in an image those that lie farther out
        are counted.
    """

    network: LatticeNetwork
    scales: Scales
    recipe: Recipe
    class_names: tuple[str, ...]
    colours: tuple[str, ...]
    pixel_size: tuple[float, ...] | None = None
    fitted: dict[str, float] = field(default_factory=dict)
    pixel_unit: str | None = None
    seen: Distribution | None = None
    temperatures: Temperatures = Temperatures()
    spread: RowSpread | None = None

    kind = "lattice"
    title = "lattice network"

    @property
    def settings(self) -> LatticeSettings:
        """The shape of the network."""
        return self.network.config.settings

    def deciding(self, decision: Decision) -> LatticeModel:
        """Return the same model where "pixel" or "region" decides; a network without a decision per pixel has none."""
        if decision == "pixel" and self.settings.decision == "region":
            raise ModelError("this model was fitted without a decision per pixel; fit it with decision='pixel'")
        settings = replace(self.settings, decision=decision)
        network = LatticeNetwork(replace(self.network.config, settings=settings)).eval()
        wanted = network.state_dict()
        network.load_state_dict(
            {name: weights for name, weights in self.network.state_dict().items() if name in wanted}
        )
        return replace(self, network=network)

    def uncalibrated(self) -> LatticeModel:
        """Return the same model without temperatures."""
        return replace(self, temperatures=Temperatures())

    def passes(self, device: str = "cpu") -> tuple[Pass, ...]:
        """Return the two passes: superpixels and what is measured of them; then classes, of superpixels and pixels."""
        config, recipe = self.network.config, self.recipe
        near = (Own("labels"), Own("rows"), Near("rows", cells_needed(config.settings, recipe.superpixels.size)))
        classes = Pass(
            name="classes",
            reads=(*near, Pixels(response_window)) if config.settings.decision == "pixel" else near,
            gives=("classes", "probabilities", "node_probabilities"),
            run=partial(_classes, model=self, device=device),
            nothing=partial(_no_classes, recipe=recipe, classes=config.classes, counts=self.spread is not None),
            decides=(self.fingerprint(), device),
            holds=Holds(partial(lattice_bytes, config=config, recipe=recipe), WORKER_WITH_TORCH),
            figures=() if self.spread is None else (UNLIKE,),
        )
        return superpixels_pass(recipe), classes

    def fingerprint(self) -> str:
        """Return a hash of the weights, the scales and the recipe: what decides the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(repr((self.network.config, self.recipe, self.class_names)).encode())
        if self.temperatures != Temperatures():
            digest.update(repr(self.temperatures).encode())
        for name, tensor in sorted(self.tensors().items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
        return digest.hexdigest()

    def header(self) -> dict[str, Any]:
        """Return the network's shape and the recipe as values of JSON."""
        return {
            "network": asdict(self.network.config),
            "bank": BANK.name,
            **self.temperatures.header(),
            **self.recipe_header(),
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights and the scales."""
        weights = {f"network.{name}": tensor.detach().cpu() for name, tensor in self.network.state_dict().items()}
        scales = {f"scales.{name}": torch.from_numpy(getattr(self.scales, name)) for name in SCALES}
        spread = {} if self.spread is None else self.spread.arrays()
        return weights | scales | {f"spread.{name}": torch.from_numpy(array) for name, array in spread.items()}

    @classmethod
    def restored(
        cls, header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], features: FeatureSet | None = None
    ) -> LatticeModel:
        """Return the model of a header and its tensors; see `FittedModel.restored`."""
        if bank_named(header["bank"]) != BANK:
            raise ModelError(f"pixels decide by the filter responses '{BANK.name}', not '{header['bank']}'")
        shape = dict(header["network"])
        settings = LatticeSettings(**{"norm": "row", "pool_sections": True, **shape.pop("settings")})
        # what nobody has sealed may ask for more rounds than there is memory
        if settings.finest + settings.blocks * settings.coarser > len(tensors):
            raise ValueError(f"{settings} in {len(tensors)} tensors")
        weights = {name.removeprefix("network."): t.float() for name, t in tensors.items() if name[:8] == "network."}
        # without storage: however large the header says that it is, it takes the file's own weights
        with torch.device("meta"):
            network = LatticeNetwork(LatticeConfig(**shape, settings=settings)).eval()
        network.load_state_dict(weights, assign=True)
        check_names(header, network.config.classes)
        scales = Scales(*(tensors[f"scales.{name}"].numpy() for name in SCALES))
        recipe = restored_recipe(header, features)
        known = recipe.node_columns + place_columns(network.config.axes), response_columns(recipe.channels)
        if any(len(one) != len(mean) for one, mean in zip(known, (scales.row_mean, scales.pixel_mean), strict=True)):
            raise ValueError(f"scales of {len(scales.row_mean)} and {len(scales.pixel_mean)} columns")
        temperatures = Temperatures(**header.get("temperatures", {}))
        arrays = {name.removeprefix("spread."): t.numpy() for name, t in tensors.items() if name.startswith("spread.")}
        spread = RowSpread.restored(arrays, len(scales.row_mean)) if arrays else None
        return cls(network, scales, recipe, **common_of(header), temperatures=temperatures, spread=spread)

    def described(self) -> dict[str, Any]:
        """Return superpixels, statistics and network as plain values."""
        return {
            "superpixels": asdict(self.recipe.superpixels),
            "statistics": [statistic.name for statistic in self.recipe.features],
            "network": asdict(self.settings),
            "cells_seen": max(cells_needed(self.settings, self.recipe.superpixels.size)),
            "temperatures": asdict(self.temperatures),
            "parameters": sum(weights.numel() for weights in self.network.parameters()),
        }

    def said(self) -> dict[str, str | None]:
        """Return its shape, who decides, its superpixels and what is measured of them, for people."""
        return {
            "Network": f"{counted(self.settings.coarser + 1, 'level')} of width {self.settings.width}",
            "Decision": f"{self.settings.decision}s decide",
            **self.recipe_said(),
        }


def _classes(
    block: Block,
    ids: Ids,
    own: BlockGraph,
    near: list[BlockGraph],
    seen: Seen | None = None,
    *,
    model: LatticeModel,
    device: str,
) -> Given:
    network = on_device(model.network, choose_device(device))
    found = embedded_block(block, near, network, model.scales)
    decided = decided_pixels(block, ids, found, network, model.scales, seen, model.temperatures)
    cells = block.lattice.cells_of(own.ids) - found.box.start
    nodes = np.ravel_multi_index(tuple(cells.T), found.box.shape)
    return {
        "classes": decided.classes,
        "probabilities": decided.planes(),
        "node_probabilities": (own, decided.regions[nodes]),
        "figures": () if model.spread is None else (_unlike(block, own, model.scales, model.spread),),
    }


def _unlike(block: Block, own: BlockGraph, scales: Scales, spread: RowSpread) -> int:
    """Return how many of the superpixels that a block owns are unlike those of the fit."""
    table = cell_rows([own], block.cells, block.lattice)
    return spread.beyond(scales.rows(table.rows[table.present]))


def _no_classes(block: Block, *, recipe: Recipe, classes: int, counts: bool) -> Given:
    nobody = empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns)
    return no_classes(block) | {
        "node_probabilities": (nobody, np.empty((0, classes), np.float32)),
        "figures": (0,) if counts else (),
    }


def config_of(recipe: Recipe, classes: int, settings: LatticeSettings) -> LatticeConfig:
    """Return the shape of a network on what a recipe measures."""
    size = recipe.superpixels.size
    columns = len(recipe.node_columns + place_columns(len(size))), len(response_columns(recipe.channels))
    return LatticeConfig(len(size), *columns, classes, settings.on(size), len(recipe.edge_columns))


def unfitted_model(recipe: Recipe, classes: int = 2, settings: LatticeSettings = LatticeSettings()) -> LatticeModel:
    """Return a model with random weights, by default of the default shape."""
    config = config_of(recipe, classes, settings)
    rows, pixels = (np.zeros(count, np.float32) for count in (config.node_columns, config.pixel_columns))
    network = LatticeNetwork(config).eval()
    names = tuple(f"class {value}" for value in range(classes))
    return LatticeModel(network, Scales(rows, rows + 1, pixels, pixels + 1), recipe, names, ("#000000",) * classes)
