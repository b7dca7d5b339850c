"""How a pass over blocks tells how far it is."""

from __future__ import annotations

import math
from collections.abc import Iterable

from terrazzo.blocks import Block
from terrazzo.progress import Step, tell


class BlockCount:
    """Counts the finished blocks of one pass and tells whoever listens, once at the start and after each block.

    Parameters
    ----------
    name : str
        The pass.
    total : int
        Its blocks.
    finished : iterable of Block
        The blocks that an earlier run has finished.
    """

    def __init__(self, name: str, total: int, finished: Iterable[Block] = ()) -> None:
        self.name, self.total = name, total
        self.blocks = self.pixels = 0
        for block in finished:
            self._count(block)
        self._tell()

    def __call__(self, block: Block) -> None:
        """Count a finished block."""
        self._count(block)
        self._tell()

    def _count(self, block: Block) -> None:
        self.blocks += 1
        self.pixels += math.prod(block.core.shape)

    def _tell(self) -> None:
        tell(Step(self.name, self.blocks, self.total, self.pixels))
