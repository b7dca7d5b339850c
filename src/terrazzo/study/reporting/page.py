"""A study as one page that needs nothing else: trials, front, importance, trees, the best models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from terrazzo.comparison.reporting.curves import Curve, draw_curves
from terrazzo.comparison.reporting.page import rendered
from terrazzo.study.journal import COMPLETE, FAILED, PRUNED, RUNNING, WAITING
from terrazzo.study.settings import SPEED, quality_text

STATES = {COMPLETE: "complete", PRUNED: "stopped early", FAILED: "failed", RUNNING: "running", WAITING: "waits"}


def write_page(path: Path, report: Mapping[str, Any]) -> None:
    """Write the page of a study."""
    quality = report["objectives"][0]
    by_number = {one["number"]: one for one in report["trials"]}
    rendered(
        path,
        "terrazzo.study.reporting",
        "study.html.j2",
        report=report,
        quality=quality,
        title=quality_text(quality),
        states=STATES,
        curves=_curves(report, quality),
        trees=[by_number[one["trial"]] for one in report["best"]],
        importance=sorted(report["importance"].items(), key=lambda item: -item[1]),
    )


def _curves(report: Mapping[str, Any], quality: str) -> list[dict[str, str]]:
    """Return how the best came about, and quality beside speed, as titles with SVG."""
    done = [one for one in report["trials"] if one["scores"]]
    label = quality_text(quality)
    counts = range(1, len(done) + 1)
    values = [one["scores"][quality] for one in done]
    lines = [Curve("the best so far", list(counts), list(accumulate(values, max))), *_by_phase(counts, values, done)]
    curves = [_curve(f"{label} by complete trial", lines, "trial", label)]
    speeds = [one[SPEED] for one in done]
    front = sorted((one for one in done if one["number"] in report["front"]), key=lambda one: one[SPEED])
    lines = [*_by_phase(speeds, values, done)]
    if len(report["objectives"]) > 1:
        lines.append(Curve("Pareto front", [one[SPEED] for one in front], [one["scores"][quality] for one in front]))
    curves.append(_curve(f"{label} by seconds per megapixel", lines, "seconds per megapixel", label))
    return curves


def _by_phase(x: Sequence[float], y: Sequence[float], done: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """Return the points of trees that were drawn, and of those that were improved."""
    found = []
    for phase, title in (("random", "drawn at random"), ("improved", "improved by Optuna")):
        points = [(a, b) for a, b, one in zip(x, y, done, strict=True) if one["phase"] == phase]
        if points:
            found.append(Curve(title, [a for a, _ in points], [b for _, b in points], line=False))
    return found


def _curve(title: str, lines: Sequence[Curve], x: str, y: str) -> dict[str, str]:
    return {"title": title, "svg": draw_curves(lines, title=title, x_label=x, y_label=y)}
