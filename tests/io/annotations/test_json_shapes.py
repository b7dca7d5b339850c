import json

import pytest

from terrazzo.io.annotations.json_shapes import json_kind


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"type": "FeatureCollection", "features": []}, "GeoJSON"),
        ({"name": "x", "features": []}, "GeoJSON"),
        ([], "GeoJSON"),
        ({"type": "Feature", "geometry": None}, "GeoJSON"),
        ({"version": "5", "flags": {}, "shapes": []}, "LabelMe"),
        ({"info": {}, "images": [], "annotations": [], "categories": []}, "COCO"),
        ({"type": "instances", "annotations": [{}]}, "COCO"),
        ({"something": 1}, "GeoJSON"),
    ],
)
def test_whose_json_it_is_is_told_by_its_keys(document, kind):
    assert json_kind(json.dumps(document)) == kind
