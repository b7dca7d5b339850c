"""Where blocks are computed: a group of options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from terrazzo.cli.options import Block, MemoryLimit, Scheduler, SchedulerFile


@dataclass(frozen=True)
class Elsewhere:
    """A Dask cluster that is there already."""

    TITLE: ClassVar = "Dask cluster"

    scheduler: Scheduler = None
    scheduler_file: SchedulerFile = None


@dataclass(frozen=True)
class Running(Elsewhere):
    """A Dask cluster, or processes of this machine, and their blocks."""

    memory_limit: MemoryLimit = None
    block: Block = None
