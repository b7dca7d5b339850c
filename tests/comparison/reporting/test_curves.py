import re

from terrazzo.comparison.reporting.curves import Curve, draw_curves


def test_an_axis_is_labelled_with_round_numbers():
    svg = draw_curves([Curve("a", (4, 8), (0.9718, 0.9951))], title="t", x_label="x", y_label="y")
    labels = re.findall(r'text-anchor="end">([^<]*)<', svg)
    assert labels == ["0.970", "0.975", "0.980", "0.985", "0.990", "0.995"]


def test_labels_that_lie_close_differ():
    svg = draw_curves([Curve("a", (4, 8), (0.9711, 0.9729))], title="t", x_label="x", y_label="y")
    labels = re.findall(r'text-anchor="end">([^<]*)<', svg)
    assert labels == ["0.9710", "0.9715", "0.9720", "0.9725", "0.9730"]


def test_each_curve_has_a_row_of_its_own_in_the_legend():
    names = ["Graph network on superpixels", "U-Net (original)", "Random forest"]
    svg = draw_curves([Curve(name, (1, 2), (1, 3)) for name in names], title="t", x_label="x", y_label="y")
    rows = [int(re.search(rf'y="(\d+)">{re.escape(name)}<', svg)[1]) for name in names]
    assert rows[1] - rows[0] == rows[2] - rows[1] >= 15
    height = int(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1])
    assert rows[-1] < height


def test_a_curve_that_does_not_vary_is_drawn():
    svg = draw_curves([Curve("a", (4, 8), (0.5, 0.5))], title="t", x_label="x", y_label="y")
    assert "nan" not in svg
    assert svg.count("<circle") == 3
