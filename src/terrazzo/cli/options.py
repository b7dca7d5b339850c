"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at the output path.")]
Device = Annotated[str, typer.Option(help="Where the network runs: auto, cpu, cuda or cuda:0.")]
Level = Annotated[int, typer.Option(help="The level of a pyramid; 0 is the finest.")]
Axes = Annotated[str | None, typer.Option(help="The axes of the file, such as yx, cyx or yxc.")]
Scheduler = Annotated[str | None, typer.Option(help="A Dask scheduler's address, such as tcp://host:8786.")]
Workers = Annotated[int | None, typer.Option(help="Processes of the local cluster; by default one per core.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write.")]
