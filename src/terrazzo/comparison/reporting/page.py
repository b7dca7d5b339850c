"""The report as one page that needs nothing else: styles, script, curves and pictures inside."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrazzo.comparison.reporting.curves import Curve, draw_curves
from terrazzo.palette import class_colours

TEMPLATE = "report.html.j2"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def write_page(path: Path, folder: Path, report: Mapping[str, Any]) -> None:
    """Write the page of a report; the pictures are read from its folder."""
    names = report["class_names"]
    rendered(
        path,
        "terrazzo.comparison.reporting",
        TEMPLATE,
        report=report,
        done={name: one for name, one in report["methods"].items() if "error" not in one},
        failed={name: one for name, one in report["methods"].items() if "error" in one},
        colours=class_colours(len(names), ()),
        pictures=[_embedded(folder, one, report["methods"]) for one in report["pictures"]],
        tested=max((len(one.get("images", ())) for one in report["methods"].values()), default=0),
        curves=_curves(report),
    )


def rendered(path: Path, package: str, template: str, **values: Any) -> None:
    """Write a page from the template of a package, which may include those of this one, whole or not at all."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("terrazzo.comparison.reporting")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "bytes": in_bytes, "large": large}
    page = environment.get_template(template).render(**values)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(page)
    partial.replace(path)


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure as a table shows it; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def in_bytes(value: float | None) -> str:
    """Return bytes in the unit that suits them."""
    if value is None:
        return "–"
    place = min(len(UNITS) - 1, int(math.log(max(value, 1), 1024)))
    return f"{value / 1024**place:.{0 if value < 10240 or place < 3 else 1}f} {UNITS[place]}"


def large(value: float | None) -> str:
    """Return a count with its thousands apart, of large ones millions."""
    if value is None:
        return "–"
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value:,.0f}".replace(",", " ")


def _embedded(folder: Path, picture: Mapping[str, Any], methods: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image and what may lie over it, with names for people and the files as data."""
    layers = [{"title": "Image", "data": None}]
    for layer, file in picture["overlays"].items():
        method = layer.removesuffix(" errors")
        title = layer.capitalize() if method not in methods else methods[method]["title"]
        title += ": errors" if layer.endswith(" errors") else ""
        layers.append({"title": title, "data": _as_data(folder / file)})
    return {"name": picture["name"], "image": _as_data(folder / picture["layers"]["image"]), "layers": layers}


def _as_data(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _curves(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the trade-off and the growth of memory as titles with SVG."""
    curves = []
    traded = [one for one in report["trade_off"] if "error" not in one]
    if len(traded) > 1:
        sizes = [one["size"] for one in traded]
        lines = [Curve(title, sizes, [one[key] for one in traded]) for title, key in ACCURACY_LINES]
        curves.append(_curve("Accuracy and ceiling by superpixel size", lines, "superpixel size (px)", "accuracy"))
        lines = [Curve(title, sizes, [one[key] for one in traded]) for title, key in COST_LINES]
        curves.append(_curve("Cost by superpixel size", lines, "superpixel size (px)", "seconds", log=True))
    for key, what in (("peak_memory", "Memory"), ("gpu_memory", "GPU memory")):
        lines = [
            Curve(report["methods"][name]["title"], one["sides"], [peak / 2**30 for peak in one[key]])
            for name, one in report["growth"].items()
            if len(one.get(key, ())) > 1
        ]
        if lines:
            curves.append(_curve(f"{what} of a prediction by image side", lines, "image side (px)", "GiB"))
    return curves


ACCURACY_LINES = (("accuracy", "accuracy"), ("ceiling of the superpixels", "ceiling"))
COST_LINES = (("training", "training_seconds"), ("prediction per megapixel", "seconds_per_megapixel"))


def _curve(title: str, lines: Sequence[Curve], x: str, y: str, log: bool = False) -> dict[str, str]:
    return {"title": title, "svg": draw_curves(lines, title=title, x_label=x, y_label=y, log=log)}
