"""`terrazzo info`: what a path is."""

from __future__ import annotations

from typing import Annotated

import typer

from terrazzo.cli.groups import grouped
from terrazzo.cli.options import Json, Reading
from terrazzo.cli.printing import print_ledger, print_values


@grouped
def info(
    path: Annotated[str, typer.Argument(help="An image, shapes, a result, a folder of results or a model.")],
    json: Json = False,
    *,
    reading: Reading,
) -> None:
    """Say what an image, an annotation, a result or a model holds."""
    from terrazzo.io.describe import describe

    found = describe(path, **reading.opening())
    ledger = {} if json else found.pop("ledger", {})
    print_values(found, as_json=json)
    if ledger:
        print_ledger(ledger)
