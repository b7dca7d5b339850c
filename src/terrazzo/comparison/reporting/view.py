"""What a comparison says of itself, in a line or as a small table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrazzo.html import figures, table
from terrazzo.memory import readable_bytes
from terrazzo.wording import counted, listed, readable_seconds

HEAD = ("", "accuracy", "mean IoU", "training", "s per Mpx", "memory")


def comparison_text(path: str, report: Mapping[str, Any]) -> str:
    """Return one line: how accurate each method is, and where the report is."""
    methods = report.get("methods", {})
    said = ", ".join(f"{name} {_accuracy(one)}" for name, one in methods.items())
    return f"<terrazzo.Comparison of {counted(len(methods), 'method')}: {said}; {_page(path)!r}>"


def comparison_html(path: str, report: Mapping[str, Any]) -> str:
    """Return a table for notebooks: what each method reaches, and what it takes."""
    rows = [_row(name, one) for name, one in report.get("methods", {}).items()]
    given = report.get("settings", {})
    return table(
        "terrazzo.Comparison",
        {
            "Methods": figures(HEAD, rows),
            "Classes": listed(report.get("class_names", ())),
            "Split": f"by {given.get('split')}, {counted(len(report.get('folds', ())), 'fold')}",
            "Report": _page(path),
        },
    )


def _row(name: str, one: Mapping[str, Any]) -> tuple[object, ...]:
    if "error" in one:
        return (name, "failed", *[""] * (len(HEAD) - 2))
    memory = max(one["training"]["peak_memory"], one["prediction"]["peak_memory"])
    return (
        name,
        _accuracy(one),
        _shown(one["scores"]["mean_iou"]),
        readable_seconds(one["training"]["seconds"]),
        f"{one['seconds_per_megapixel']:.2f}",
        readable_bytes(memory),
    )


def _accuracy(one: Mapping[str, Any]) -> str:
    return "failed" if "error" in one else _shown(one["scores"]["accuracy"])


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _page(path: str) -> str:
    return f"{path}/index.html"
