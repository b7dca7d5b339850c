"""What a study says of itself, in a line or as a small table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrazzo.html import figures, table
from terrazzo.wording import counted, listed

HEAD = ("", "mean IoU", "accuracy", "adjusted Rand", "test mean IoU")


def study_text(path: str, report: Mapping[str, Any]) -> str:
    """Return one line: how many trees, the best, and where the page is."""
    best = ", ".join(f"trial {one['trial']} {_shown(one['validation']['mean_iou'])}" for one in report["best"])
    return f"<terrazzo.Study of {counted(len(report['trials']), 'tree')}: {best}; {_page(path)!r}>"


def study_html(path: str, report: Mapping[str, Any]) -> str:
    """Return a table for notebooks: what the best reach."""
    rows = [
        (f"trial {one['trial']}", *map(_shown, one["validation"].values()), _shown((one["test"] or {}).get("mean_iou")))
        for one in report["best"]
    ]
    return table(
        "terrazzo.Study",
        {
            "Trees": report["summary"],
            "Best": figures(HEAD, rows),
            "Classes": listed(report["class_names"]),
            "Page": _page(path),
        },
    )


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _page(path: str) -> str:
    return f"{path}/index.html"
