"""How a pass over blocks tells how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable

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
        Is told once at the start, with nothing done, and after each block.
    """

    def __init__(self, name: str, total: int, progress: Progress | None) -> None:
        self.name, self.total, self.progress = name, total, progress
        self.blocks = self.pixels = 0
        self._tell()

    def __call__(self, block: Block) -> None:
        """Count a finished block."""
        self.blocks += 1
        self.pixels += math.prod(block.core.shape)
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(self.name, self.blocks, self.total, self.pixels)
