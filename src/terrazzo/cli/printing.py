"""How commands print: a table for people, or one JSON document for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from terrazzo.progress import ProgressBar
from terrazzo.wording import counted

# of a longer list people read the beginning; JSON has all
MOST_SHOWN = 12


def print_values(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Print named values, with what is nested on lines of its own."""
    if as_json:
        typer.echo(json.dumps(_plain(values), indent=1))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name.replace("_", " "), _readable(value))
    Console().print(table)


def print_ledger(ledger: Mapping[str, Any]) -> None:
    """Print where the time of a run went: of each pass its stages, and what its threads waited for."""
    table = Table(box=None, pad_edge=False, title="where the time went", title_justify="left")
    for heading in ("pass", "stage", "seconds", "share", "core-seconds", "MiB"):
        table.add_column(heading, justify="left" if heading in ("pass", "stage") else "right", no_wrap=True)
    for name, entry in ledger.items():
        threads, whole = entry["threads"], max(entry["threads"] * entry["seconds"], 1e-9)
        stages = sorted(entry["stages"].items(), key=lambda stage: -stage[1]["seconds"])
        waited = [(kind, {"seconds": entry[kind]}) for kind in ("starting", "waiting")]
        for shown, (stage, spent) in enumerate([*stages, *waited]):
            core, count = spent.get("core_seconds"), spent.get("bytes")
            table.add_row(
                "" if shown else name,
                stage,
                f"{spent['seconds']:.2f}",
                f"{100 * spent['seconds'] / whole:.1f} %",
                "" if core is None else f"{core:.2f}",
                f"{count / 2**20:.1f}" if count else "",
            )
        said = f"{entry['seconds']:.2f} s on {counted(threads, 'thread')}, {counted(entry['tasks'], 'task')}"
        table.add_row("", said, f"{whole:.2f}", "", f"{entry['core_seconds']:.2f}", "", end_section=True)
    Console().print(table)


def _plain(value: Any) -> Any:
    """Return the value with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _readable(value: Any) -> str:
    if isinstance(value, Mapping):
        return _separator(value.values(), Mapping).join(f"{name} {_readable(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        shown = [_readable(item) for item in value[:MOST_SHOWN]]
        rest = [f"… ({len(value)} in all, --json lists them)"] if len(value) > MOST_SHOWN else []
        return _separator(value, list | tuple | Mapping).join(shown + rest)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "not given" if value is None else str(value)


def _separator(items: Iterable[Any], nested: Any) -> str:
    return "\n" if any(isinstance(item, nested) for item in items) else ", "


def display() -> ProgressBar:
    """Return what shows the work of a command for as long as its context lasts."""
    return ProgressBar(Console(stderr=True))
