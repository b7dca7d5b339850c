import re

from terrazzo.cli.progress import display


def note(shown, name):
    return shown.bars.tasks[shown.tasks[name]].fields["note"]


def test_what_an_earlier_run_has_done_is_shown_and_counts_for_nothing_in_the_rate():
    with display() as shown:
        shown.blocks("classes", 7, 9, 7_000_000_000)
        assert note(shown, "classes") == "7/9 blocks  0.0 Mpx/s"
        shown.blocks("classes", 8, 9, 8_000_000_000)
        done, rate = re.fullmatch(r"(\d)/9 blocks  ([\d.]+) Mpx/s", note(shown, "classes")).groups()
        assert done == "8"
        assert float(rate) > 0


def test_the_same_pass_over_the_next_image_begins_anew():
    with display() as shown:
        for done in range(3):
            shown.blocks("classes", done, 2, done * 1000)
        shown.blocks("classes", 1, 3, 500)
        assert note(shown, "classes") == "1/3 blocks  0.0 Mpx/s"
        assert shown.bars.tasks[shown.tasks["classes"]].total == 3
        assert len(shown.bars.tasks) == 1
