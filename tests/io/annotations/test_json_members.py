import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.io.annotations.geojson import features_of
from terrazzo.io.annotations.json_members import members_of, value_at

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.lists(values, max_size=4), st.sampled_from([None, 0, 3]), st.sampled_from([(",", ":"), (" , ", " : ")]))
def test_the_features_are_those_that_the_whole_text_holds(features, indent, separators):
    document = {"type": "FeatureCollection", "features": features, "name": 1}
    for text in (json.dumps(document, indent=indent, separators=separators), json.dumps(features, indent=indent)):
        assert list(features_of(f"\n {text}\t")) == features


def test_a_feature_that_stands_alone_is_one():
    feature = {"type": "Feature", "geometry": None}
    assert list(features_of(json.dumps(feature))) == [feature]


@settings(max_examples=200)
@given(st.data())
def test_a_text_that_is_cut_or_changed_is_refused_or_read_as_json_reads_it(data):
    text = json.dumps({"type": "FeatureCollection", "features": [{"a": [1.5, 2]}, {"b": {}}], "c": [1]})
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from(["", "]", "}", "{", ",", ":", '"', "1"])) + text[place + 1 :]
    try:
        expected = json.loads(changed)
    except json.JSONDecodeError:
        with pytest.raises(ValueError, match=r"."):
            list(features_of(changed))
        return
    try:
        found = list(features_of(changed))
    except ValueError:
        assert not isinstance(expected, dict) or "features" not in expected
    else:
        assert found == expected["features"]


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[1", '{"features": [1', '{"features"', "[1]]", '{1: "features"}'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(json.JSONDecodeError):
        list(features_of(text))


@pytest.mark.parametrize("text", ["3", '"features"', "{}", '{"type": "Polygon"}', '{"features": {}}'])
def test_json_without_features_is_refused(text):
    with pytest.raises(ValueError, match="it is"):
        list(features_of(text))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("abcd"), values, max_size=4), st.sampled_from([None, 1]))
def test_members_are_those_of_the_object_and_each_says_where_it_stands(document, indent):
    text = json.dumps(document, indent=indent)
    lists = set()
    found = {key: [] for key in "ab" if isinstance(document.get(key), list)}
    for key, value, start, end in members_of(text, ("a", "b"), lists):
        assert json.loads(text[start:end]) == value_at(text, start) == value
        if key in found:
            found[key].append(value)
        else:
            found[key] = value
    assert found == document
    assert lists == {key for key in "ab" if isinstance(document.get(key), list)}
