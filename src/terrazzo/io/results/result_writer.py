"""What writes a result: what passes give of each block, then a marker; coarser levels; and that it is finished."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error, reported_as_not_written
from terrazzo.io.mapped_arrays import mapped_arrays, write_arrays
from terrazzo.io.results.leftovers import remove_rows
from terrazzo.io.results.markers import marker
from terrazzo.io.results.result import CLASSES, GIVEN_UP, LEVELS, PROBABILITIES, RUN, SUPERPIXELS, Result
from terrazzo.io.results.tables import edge_table, node_table, write_part
from terrazzo.ledger import count_bytes, stage
from terrazzo.models.passes.declared import Given
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.superpixels.block_labels import of_core

KNOWN = {"labels", "rows", "classes", "probabilities", "node_probabilities", "node_embeddings", "figures"}
"""Names of what passes give that have a place in a result; what is given under others is there until the run ends."""

ARRAY = "array"


@dataclass(frozen=True)
class ResultWriter:
    """Writes the blocks of a result that was begun; small to send.

    Parameters
    ----------
    result : Result
    """

    result: Result

    @property
    def grid(self) -> BlockGrid:
        """The blocks."""
        return self.result.grid

    def read(self, what: str, block: Block) -> Any:
        """Read what a pass gave of a block: the "labels" of its core, or its "rows", which stay on disk until used.

        Of a finished result, which keeps rows as tables alone, they are read from these. What was given under another
        name is there until the run ends.

        Raises
        ------
        InputError
            If a result keeps nothing of that name.
        """
        with stage(f"read {what}"):
            if what == "rows":
                path = self.result.rows(block)
                if not path.exists() and self.result.run["finished"]:
                    return self.result.read_graph(block)
                with reported_as_input_error(path, "read", "begin anew with --overwrite"):
                    return BlockGraph(**mapped_arrays(path))
            read = {"labels": self.result.read_superpixels, "classes": self.result.read_classes}.get(what)
            if read is None:
                return self._read_meanwhile(what, block)
            found = read(block.core.slices)
            count_bytes(found.nbytes)
            return found

    def write(self, block: Block, name: str, given: Given) -> None:
        """Write what a pass gave of a block, then its marker.

        Parameters
        ----------
        block : Block
        name : str
            The pass.
        given : mapping
            "labels" as BlockLabels or ids of the core; "classes" of the core; "probabilities" as a plane of the core
            for each class, which are asked for only where the result has an image of them; "rows" as a BlockGraph;
            "node_probabilities" as the same rows with a probability for each class, and "node_embeddings" as an
            embedding of each; "figures". Under other names rows or arrays, which are kept for the passes that follow.
        """
        done = marker(self.result.markers(name), block.index, tuple(map(int, given.get("figures", ()))))
        with reported_as_not_written(self.result.path):
            if self._is_written(done):
                return
            self._write_images(block, given)
            if "rows" in given:
                self._write_rows(block, name, given["rows"])
            if "node_probabilities" in given:
                rows, probabilities = given["node_probabilities"]
                self._write_nodes(block, rows, probabilities, given.get("node_embeddings"))
            for what in given.keys() - KNOWN:
                self._write_meanwhile(what, block, of_core(given[what], block))
            done.touch()

    def write_levels(self, tile: Block, step: int) -> None:
        """Write the levels of a step of `Result.pyramid` inside a tile, of every image, then the tile's marker."""
        result = self.result
        done = marker(result.markers(LEVELS), (step, *tile.index))
        with reported_as_not_written(result.path):
            if self._is_written(done):
                return
            for key in result.images:
                result.arrays(key).coarsen(step, tile)
            done.touch()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Note of a run that ends otherwise than killed, for as long as no block is finished, that it has given up."""
        self._note_given_up(False)
        try:
            yield
        except BaseException:
            self._note_given_up(not any(map(self.result.finished, self.result.passes)))
            raise

    def finish(
        self, figures: dict[str, Any], notes: Sequence[str] = (), ledger: Mapping[str, Any] | None = None
    ) -> None:
        """Note that every block is written, with figures about the run, what there is to warn of, and its ledger."""
        with reported_as_not_written(self.result.path):
            run = self.result.run
            remove_rows(self.result)
            noted = [*run.get("notes", ()), *notes]
            ended = {"finished": True, "figures": figures, "notes": noted, "ledger": dict(ledger or {})}
            write_run(Path(self.result.path), run | ended)

    def _note_given_up(self, now: bool) -> None:
        with suppress(OSError, ValueError):  # what the run itself ends in says more
            run = self.result.run
            if run.get("id", "") == self.result.run_id and run.get(GIVEN_UP, False) != now:
                write_run(Path(self.result.path), run | {GIVEN_UP: now})

    def _write_images(self, block: Block, given: Given) -> None:
        result = self.result
        if "labels" in given:
            result.arrays(SUPERPIXELS).write(block, of_core(given["labels"], block))
        if "classes" in given:
            result.arrays(CLASSES).write(block, given["classes"])
        if result.probabilities:
            for value, plane in enumerate(given.get("probabilities", ())):
                result.arrays(PROBABILITIES).write(block, plane, value)

    def _write_meanwhile(self, what: str, block: Block, value: Any) -> None:
        arrays = vars(value) if isinstance(value, BlockGraph) else {ARRAY: value}
        with stage(f"write {what}"):
            write_arrays(arrays, self.result.meanwhile(what, block))
            count_bytes(sum(array.nbytes for array in arrays.values()))

    def _read_meanwhile(self, what: str, block: Block) -> Any:
        path = self.result.meanwhile(what, block)
        with reported_as_input_error(path, "read", "begin anew with --overwrite"):
            arrays = mapped_arrays(path)
        return arrays[ARRAY] if ARRAY in arrays else BlockGraph(**arrays)

    def _write_rows(self, block: Block, name: str, rows: BlockGraph) -> None:
        """Keep rows for the passes that follow, and write of the tables what no later pass knows more of."""
        later = self.result.given_after(name)
        if later:
            with stage("write rows"):
                write_arrays(vars(rows), self.result.rows(block))
                count_bytes(sum(array.nbytes for array in vars(rows).values()))
        if "node_probabilities" not in later:
            self._write_nodes(block, rows)
        with stage("write tables"):
            table = edge_table(rows, self.result.edge_columns)
            write_part(table, self.result.part("edges", block))
            count_bytes(table.nbytes)

    def _write_nodes(self, block: Block, rows: BlockGraph, probabilities: Any = None, embeddings: Any = None) -> None:
        with stage("write tables"):
            table = node_table(rows, self.result.node_columns, probabilities, embeddings)
            write_part(table, self.result.part("nodes", block))
            count_bytes(table.nbytes)

    def _is_written(self, done: Path) -> bool:
        """Whether a block is finished: by a worker that was thought lost, say, whose block went to another."""
        if self.result.run.get("id", "") != self.result.run_id:
            raise InputError(f"'{self.result.path}' was begun anew by another run meanwhile; this one ends here")
        return done.exists()


def write_run(target: Path, run: dict[str, Any]) -> None:
    """Write what a result is made from, whole or not at all."""
    partial = target / f".{RUN}.partial"
    partial.write_text(json.dumps(run, indent=1) + "\n")
    partial.replace(target / RUN)
