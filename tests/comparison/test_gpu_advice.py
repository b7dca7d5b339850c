from terrazzo.comparison.gpu_advice import halved


def test_settings_are_halved_in_turn():
    assert list(halved({"batch": 4, "patch": 128})) == [
        {"batch": 2, "patch": 128},
        {"batch": 1, "patch": 128},
        {"batch": 1, "patch": 64},
        {"batch": 1, "patch": 32},
    ]
    assert [tried["patch"] for tried in halved({"batch": 1, "patch": [16, 128, 112]})] == [
        [16, 64, 112],
        [16, 32, 112],
    ]
    assert list(halved({})) == []
