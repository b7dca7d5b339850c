"""How a pass over blocks tells how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from terrazzo.blocks import Block

Progress = Callable[[str, int, int, int], None]


class BlockCount:
    """Counts the finished blocks of one pass and tells `progress` after each: pass, done, in all, pixels done.

    Parameters
    ----------
    name : str
        The pass.
    total : int
        Its blocks.
    progress : callable or None
        Is told once at the start and after each block.
    finished : iterable of Block
        The blocks that an earlier run has finished.
    """

    def __init__(self, name: str, total: int, progress: Progress | None, finished: Iterable[Block] = ()) -> None:
        self.name, self.total, self.progress = name, total, progress
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
        if self.progress is not None:
            self.progress(self.name, self.blocks, self.total, self.pixels)
