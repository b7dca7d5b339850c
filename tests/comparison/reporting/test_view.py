from notebook_tables import shown

import terrazzo as tz

TAKEN = {"seconds": 200.0, "peak_memory": 2**30}


def report(**methods):
    return {"methods": methods, "class_names": ["a", "<b>"], "settings": {"split": "image"}, "folds": [{}, {}]}


def measured(accuracy):
    scores = {"accuracy": accuracy, "mean_iou": None}
    return {"scores": scores, "training": TAKEN, "prediction": {"peak_memory": 2**31}, "seconds_per_megapixel": 0.25}


def test_it_says_in_a_line_how_accurate_each_method_is():
    compared = tz.Comparison("/data/report", report(gnn=measured(0.98), forest={"error": "no memory"}))
    assert repr(compared) == "<terrazzo.Comparison of 2 methods: gnn 0.9800, forest failed; '/data/report/index.html'>"


def test_its_table_says_what_each_method_reaches_and_takes():
    table = shown(tz.Comparison("/data/report", report(gnn=measured(0.98), forest={"error": "no memory"})))
    assert table.lines[:3] == [
        ["", "accuracy", "mean IoU", "training", "s per Mpx", "memory"],
        ["gnn", "0.9800", "–", "3 min", "0.25", "2.0 GiB"],
        ["forest", "failed", "", "", "", ""],
    ]
    assert table.rows["Classes"] == "a, <b>"
    assert table.rows["Split"] == "by image, 2 folds"


def test_a_report_without_anything_in_it_is_no_error():
    assert repr(tz.Comparison("here", {})) == "<terrazzo.Comparison of 0 methods: ; 'here/index.html'>"
    assert shown(tz.Comparison("here", {})).rows["Report"] == "here/index.html"
