"""What a lattice network is graded on: windows as tensors, with what is annotated in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.models.device import has_bfloat16
from terrazzo.models.lattice.cell_rows import CellRows
from terrazzo.models.lattice.decide_pixels import interpolated
from terrazzo.models.lattice.network import LatticeNetwork, Projected
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.grid_passing import GridPassing
from terrazzo.models.messages.touching_pairs import TouchingPairs
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import HeldOut
from terrazzo.training.lattice.tables import ImageTables, Table
from terrazzo.training.lattice.windows import Places, turned
from terrazzo.training.rules.exposure import Exposure, drawn_exposure
from terrazzo.training.rules.losses import area_weighted_cross_entropy
from terrazzo.training.rules.optimise import Graded
from terrazzo.training.rules.overlap_losses import overlap_loss
from terrazzo.training.rules.prefetched import prefetched
from terrazzo.training.rules.training import PixelLoss

REGION_SHARE = 0.5
"""How much the superpixels' own loss counts beside that of pixels."""

ROUND = 50
"""Steps after which the network is judged."""


class Answers(NamedTuple):
    """What a network says: logits (N, C) of superpixels and, where these decide, logits (P, C) of pixels."""

    regions: Tensor
    pixels: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of one step, with equal sides, on their device.

    Parameters
    ----------
    present : Tensor of bool, shape (B, *cells)
    rows : Tensor of float32, shape (B, *cells, F)
        Scaled.
    fractions : Tensor of float32, shape (B, *cells, C)
        Share of each class in the annotated pixels of superpixels.
    areas : Tensor of float32, shape (B, *cells)
        Annotated pixels.
    cells, middles, responses : sequence of Tensor
        For each window its sampled pixels: the place of their superpixels in the raster of cells, their own places in
        cells, and scaled responses.
    classes, weights, counts : Tensor, shape (P,)
        Of the sampled pixels of all windows: their classes, the annotated pixels that each stands for, and what it
        counts for in the loss.
    loss : {"cross-entropy", "dice", "lovasz"}
        What they pay.
    pairs : TouchingPairs or None
        Superpixels of all windows that touch, where a conditional random field looks at them.
    """

    present: Tensor
    rows: Tensor
    fractions: Tensor
    areas: Tensor
    cells: Sequence[Tensor]
    middles: Sequence[Tensor]
    responses: Sequence[Tensor]
    classes: Tensor
    weights: Tensor
    counts: Tensor
    loss: PixelLoss = "cross-entropy"
    pairs: TouchingPairs | None = None

    @classmethod
    def of(
        cls,
        tables: Sequence[Table],
        scales: Scales,
        multiples: Sequence[int],
        device: torch.device,
        loss: PixelLoss = "cross-entropy",
    ) -> Batch:
        """Return some tables of equal shape, padded to a multiple of cells along each axis."""
        cells = [table.cells.padded(multiples) for table in tables]
        pad = [(0, n - m) for n, m in zip(cells[0].box.shape, tables[0].cells.box.shape, strict=True)]
        summed = np.stack([np.pad(table.counts, [*pad, (0, 0)]) for table in tables])
        areas = summed.sum(axis=-1, dtype=np.float64)
        samples = [table.samples for table in tables]

        def tensor(values: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        return cls(
            tensor(np.stack([one.present for one in cells])),
            tensor(scales.rows(np.stack([one.rows for one in cells]))),
            tensor((summed / np.maximum(areas, 1)[..., None]).astype(np.float32)),
            tensor(areas.astype(np.float32)),
            [
                tensor(np.ravel_multi_index(tuple((own.cells - one.box.start).T), one.box.shape))
                for own, one in zip(samples, cells, strict=True)
            ],
            [tensor((own.middles - one.box.start).astype(np.float32)) for own, one in zip(samples, cells, strict=True)],
            [tensor(scales.pixels(own.responses)) for own in samples],
            tensor(np.concatenate([own.classes for own in samples]).astype(np.int64)),
            tensor(np.concatenate([own.areas for own in samples])),
            tensor(np.concatenate([own.areas * own.weights for own in samples])),
            loss,
            _pairs_of(tables, cells, device),
        )

    def answers(self, network: nn.Module) -> Answers:
        """Return what a `LatticeNetwork` says of its superpixels and sampled pixels.

        Where the device has bfloat16, it is multiplied in that.
        """
        assert isinstance(network, LatticeNetwork)
        device, settings = self.rows.device, network.config.settings
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
            pooling = settings.pooling(network.config.axes)
            h = network(GridPassing(self.present, settings.coarser, pooling=pooling), self.rows)
            regions = network.region(h).flatten(0, -2).float()
            if settings.decision == "region":
                return self._agreed(network, Answers(regions))
            projected = network.projected(h)
            ends = torch.tensor(self.present.shape[1:], device=device) - 1
            own, around = [], []
            for number, (cells, middles) in enumerate(zip(self.cells, self.middles, strict=True)):
                one = Projected(*(table[number] for table in projected))
                own.append(one.own.flatten(0, -2)[cells])
                around.append(interpolated(one.around, middles, torch.zeros_like(ends), ends))
            asked = network.pixel_logits(torch.cat(list(self.responses)), torch.cat(own), torch.cat(around))
        return self._agreed(network, Answers(regions, asked.float()))

    def _agreed(self, network: LatticeNetwork, said: Answers) -> Answers:
        """Return answers with what a conditional random field adds to superpixels, and to the pixels of each."""
        if network.crf is None or self.pairs is None:
            return said
        with torch.autocast(self.rows.device.type, enabled=False):
            added = network.crf(said.regions, self.pairs)
        return Answers(said.regions + added, None if said.pixels is None else said.pixels + added[self.places])

    @property
    def places(self) -> Tensor:
        """The place of each sampled pixel's superpixel among those of all windows, int64 (P,)."""
        each = self.present[0].numel()
        return torch.cat([number * each + cells for number, cells in enumerate(self.cells)])

    def graded(self, network: nn.Module, weights: Tensor | None) -> Graded:
        """Return how a `LatticeNetwork` does on it."""
        logits, asked = self.answers(network)
        areas, fractions = self.areas.flatten(), self.fractions.flatten(0, -2)
        loss = area_weighted_cross_entropy(logits, fractions, areas, weights)
        if asked is None:
            chosen = functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(areas.dtype)
            confusion = (fractions * areas[:, None]).T @ chosen
            return _graded(loss, confusion)
        counted = self.counts if weights is None else self.counts * weights[self.classes]
        each = functional.cross_entropy(asked, self.classes, reduction="none")
        of_pixels = (each * counted).sum() / counted.sum().clamp(min=1)
        of_pixels = of_pixels + overlap_loss(self.loss, asked, self.classes, self.counts)
        confusion = (
            torch.zeros(asked.shape[1] ** 2, device=asked.device)
            .index_add_(0, self.classes * asked.shape[1] + asked.argmax(dim=1), self.weights)
            .view(asked.shape[1], -1)
        )
        return _graded(of_pixels + REGION_SHARE * loss, confusion)


def _pairs_of(tables: Sequence[Table], cells: Sequence[CellRows], device: torch.device) -> TouchingPairs | None:
    """Return the pairs of some tables, as rows of all of them one after the other; None where tables have no edges."""
    ends, features, offsets = [], [], []
    for number, (table, padded) in enumerate(zip(tables, cells, strict=True)):
        if table.edges is None:
            return None
        edges = table.edges.between(table.cells.box, table.cells.present)
        ends.append(edges.places(padded.box) + number * padded.present.size)
        features.append(edges.features)
        offsets.append(edges.offsets)
    return TouchingPairs.of(np.concatenate(ends, axis=1), np.concatenate(features), np.concatenate(offsets), device)


def _graded(loss: Tensor, confusion: Tensor) -> Graded:
    """Return a grade with the accuracy of a confusion, which may be of no pixel."""
    pixels = confusion.sum()
    return Graded(loss, confusion.diagonal().sum() / pixels.clamp(min=1), pixels, confusion.detach())


@dataclass(frozen=True, eq=False)
class DrawnWindows:
    """Windows drawn where training pixels are annotated: an endless supply, of which a round takes some.

    Parameters
    ----------
    images : sequence of ImageTables
    held_out : sequence of HeldOut
        For each image.
    places : Places
    scales : Scales
    exposures : tuple of Exposure
        Of rows and of responses.
    units : ndarray of float32, shape (channels,)
        The deviation of the channels' intensities.
    training : LatticeTraining
    network : LatticeSettings
        Windows suit its levels.
    device : torch.device
    """

    images: Sequence[ImageTables]
    held_out: Sequence[HeldOut]
    places: Places
    scales: Scales
    exposures: tuple[Exposure, Exposure]
    units: NDArray[np.float32]
    training: LatticeTraining
    network: LatticeSettings
    device: torch.device

    def __len__(self) -> int:
        return ROUND

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Return the batches of a round, each of which is drawn while the network learns from the one before."""
        axes = len(self.images[0].grid.shape)
        multiples = self.network.coarsest(axes)
        sides, windows = self.training.window(self.network.pooling(axes))
        whole = [-(-side // multiple) * multiple for side, multiple in zip(sides, multiples, strict=True)]

        def drawn(_: int) -> Batch:
            tables = [self._window(rng, whole, windows) for _ in range(windows)]
            return Batch.of(tables, self.scales, multiples, self.device, self.training.loss)

        return prefetched(drawn, range(ROUND), threads=1)

    def _window(self, rng: np.random.Generator, sides: Sequence[int], windows: int) -> Table:
        number, box = self.places.drawn(rng, sides, [image.grid.lattice.cells for image in self.images])
        image = self.images[number]
        most = -(-self.training.pixels // windows)
        # chosen before they are read, which takes a while where there are many
        table = self.held_out[number].for_training(image.window(box, lambda number: rng.permutation(number)[:most]))
        if self.training.turns:
            table = turned(table, rng, image.grid.lattice.size)
        return self._altered(table, rng)

    def _altered(self, table: Table, rng: np.random.Generator) -> Table:
        """Alter contrast and brightness, of rows and of responses alike."""
        factor, moved = drawn_exposure(rng, self.training.contrast, self.training.brightness, self.units)
        rows, pixels = self.exposures
        return table.with_values(
            rows.altered(table.cells.rows, factor, moved),
            pixels.altered(table.samples.responses, factor, moved),
            factor,
        )
