"""GeoJSON files, their mutants, and what has to be true of one that is read."""

import json
import re

import numpy as np
import shapely
from drawings import feature, rectangle, write_features
from mutations import mutated_bytes, mutated_json

import terrazzo as tz
from terrazzo.io.annotations.open_annotation import open_mask

IMAGE = np.zeros((40, 48), np.uint8)
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e999", "1e308", "1e-320", "-0.0", "0.5", "1.", "+1", "0x10", "null", "true"),
    *(
        "39.999999999",
        "40",
        "48.0000001",
        "-1e-9",
        "1e9",
        "-1e12",
        str(2**40),
        str(2**40 + 1),
        str(2**63),
        str(-(2**63)),
    ),
    *("9" * 400, "9" * 5000, "0." + "3" * 5000),
)
NAMES = ("\ud800", "two\nlines", "\x00", "a" * 5000, "   ", "Ignore*", "\u202etumor", "\U0001f9e0")
CODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp037")
DEPTHS = (1, 2, 40, 300, 900, 50_000)


def make_geojsons(folder):
    ring = [[24 + 20 * np.cos(angle), 20 + 15 * np.sin(angle)] for angle in np.linspace(0, 2 * np.pi, 60)[:-1]]
    hole, islands = rectangle(20, 15, 28, 25), [[rectangle(1, 1, 5, 6)], [rectangle(30, 2, 40.5, 12.5)]]
    tumour = feature([[*ring, ring[0]], hole], "Tumör", color=[200, 0, 16], isLocked=True)
    write_features(folder / "qupath.geojson", [tumour, feature(islands, "Stroma", "MultiPolygon", colorRGB=-3670016)])
    ignored = feature([rectangle(-5, -5, 60, 9)], "Ignore*")
    write_features(folder / "ignored.geojson", [feature([rectangle(2, 2, 46, 30)], "a"), ignored])
    line, points = (
        feature([[0, 0], [47, 39], [47, 3]], "a", "LineString"),
        feature([[3, 30], [9, 4]], "b", "MultiPoint"),
    )
    (folder / "list.json").write_text(json.dumps([line, points, feature([rectangle(9, 9, 20, 22)], "b")]))
    parts = [{"type": "Polygon", "coordinates": [hole]}, {"type": "Point", "coordinates": [3.5, 4, 0]}]
    one = {
        "type": "Feature",
        "geometry": {"type": "GeometryCollection", "geometries": parts},
        "properties": {"class": "a"},
    }
    (folder / "one.geojson").write_text(json.dumps(one))


def mutate_geojson(file, random):
    text = file.read_text()
    how = random.random()
    if how < 0.4:
        file.write_text(mutated_json(text, random))
    elif how < 0.6:
        file.write_text(_with_other_numbers(text, random))
    elif how < 0.7:
        name = json.dumps(random.choice(NAMES))
        file.write_text(re.sub(r'("(?:name|class)": )"[^"]*"', lambda found: found[1] + name, text, count=1))
    elif how < 0.75:
        file.write_text(_nested(text, random.choice(DEPTHS)))
    elif how < 0.8:
        file.write_bytes(json.dumps(json.loads(text), ensure_ascii=False).encode(random.choice(CODINGS)))
    elif how < 0.9:
        file.write_text(text[: random.randrange(len(text))])
    else:
        file.write_bytes(mutated_bytes(text.encode(), random))


def read_geojson(path):
    """Draw an annotation: whole, by windows, as a mask and, where a polygon lies over all else, as shapely has it."""
    annotation = tz.open_annotation(path, IMAGE)
    whole = annotation.plane.compute(scheduler="synchronous")
    assert (whole.shape, whole.dtype) == (IMAGE.shape, IMAGE.dtype)
    assert set(np.unique(whole)) <= {*range(len(annotation.class_names)), 255}
    assert np.array_equal(annotation.stored[0, 11:31, 7:40], whole[11:31, 7:40])
    mask = open_mask(path, IMAGE).plane.compute(scheduler="synchronous")
    assert (mask[whole != 255] == 1).all()
    _check_last(json.loads(path.read_text("utf-8-sig")), annotation.class_names, whole)


def _with_other_numbers(text, random):
    for _ in range(random.choice((1, 1, 2, 5))):
        found = random.choice(list(re.finditer(r"-?[0-9]+(\.[0-9]+)?", text)))
        other = random.choice((*NUMBERS, str(random.uniform(-100, 100))))
        text = text[: found.start()] + other + text[found.end() :]
    return text


def _nested(text, depth):
    """Put the first geometry into a collection of one, that into another, and so on."""
    start = text.index('"geometry": ') + len('"geometry": ')
    _, end = json.JSONDecoder().raw_decode(text, start)
    inner = '{"type": "GeometryCollection", "geometries": [' * depth + text[start:end] + "]}" * depth
    return text[:start] + inner + text[end:]


def _check_last(document, names, drawn):
    """Check the pixels well inside the last feature, over which nothing lies, if it is a polygon of a known class."""
    features = document if isinstance(document, list) else document.get("features")
    last = features[-1] if isinstance(features, list) else document
    kind, within = last["geometry"]["type"], last["geometry"].get("coordinates")
    classification = (last.get("properties") or {}).get("classification")
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(classification, dict) or "names" in classification:
        return
    if classification.get("name") not in names:
        return
    rows, columns = np.indices(drawn.shape) + 0.5
    centres = shapely.points(columns, rows)
    for rings in [within] if kind == "Polygon" else within:
        shell, *holes = ([point[:2] for point in ring] for ring in rings)
        polygon = shapely.Polygon(shell, holes)
        inside = shapely.contains(polygon, centres) & (shapely.distance(polygon.boundary, centres) > 0.01)
        assert (drawn[inside] == names.index(classification["name"])).all()
