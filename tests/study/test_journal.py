import numpy as np
import pytest
from study.run_search import space

from terrazzo.errors import InputError
from terrazzo.genes.draw import drawn
from terrazzo.study.journal import FAILED, NEVER_BEGUN, PRUNED, RUNNING, WAITING, Journal


def journal_in(folder, prune=True, directions=("maximize",)):
    return Journal(folder, space(), directions, prune)


def begun(journal, seed):
    """A trial of a random tree."""
    journal.add(drawn(space(), np.random.default_rng(seed)))
    return journal.waiting()


def test_a_trial_that_falls_behind_at_a_quarter_or_half_of_its_training_is_hopeless(tmp_path):
    journal = journal_in(tmp_path)
    first, second, third = (begun(journal, seed) for seed in range(3))
    assert not journal.is_hopeless(first, [(10, 0.2), (25, 0.7)])
    assert not journal.is_hopeless(second, [(10, 0.3), (10, 0.1), (24, 0.2)])
    assert journal.is_hopeless(second, [(10, 0.1), (24, 0.2), (30, 0.6)])
    assert not journal.is_hopeless(third, [(30, 0.8)])
    assert not journal.is_hopeless(third, [(30, 0.8), (55, 0.9)])
    # what is at its end is stopped no more
    assert not journal.is_hopeless(first, [(10, 0.2), (25, 0.7), (100, 0.1)])
    journal.prune(second)
    assert [record.state for record in journal_in(tmp_path).records()] == [RUNNING, PRUNED, RUNNING]
    assert journal_in(tmp_path).records()[1].curve == ((10, 0.1), (24, 0.2), (30, 0.6))


def test_nobody_is_stopped_where_that_is_not_wanted_or_two_things_are(tmp_path):
    for name, options in (("off", {"prune": False}), ("two", {"directions": ("maximize", "minimize")})):
        (tmp_path / name).mkdir()
        journal = journal_in(tmp_path / name, **options)
        best, worst = begun(journal, 0), begun(journal, 1)
        assert not journal.is_hopeless(best, [(30, 0.9)])
        assert not journal.is_hopeless(worst, [(30, 0.1)])


def test_a_journal_goes_on_with_the_trials_and_the_values_that_it_has(tmp_path):
    journal = journal_in(tmp_path)
    running = begun(journal, 0)
    unborn, values = journal.asked(3)
    assert values["width"] == unborn.params["width"]
    grown, values = journal.asked(4)
    journal.grow(grown, drawn(space(), np.random.default_rng(1)))
    again = journal_in(tmp_path)
    assert [record.state for record in again.records()] == [RUNNING, RUNNING]
    assert [trial.number for trial in again.running()] == [running.number, grown.number]
    assert again.tree(running) == drawn(space(), np.random.default_rng(0))
    assert again._study.trials[unborn.number].user_attrs["reason"] == NEVER_BEGUN
    assert again._study.trials[unborn.number].state.name == FAILED
    assert again.waiting() is None


def test_the_same_values_are_proposed_where_the_same_was_tried(tmp_path):
    proposed = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        journal = journal_in(tmp_path / name)
        for seed in range(6):
            journal.complete(begun(journal, seed), [seed / 10], {"scores": {}})
        # in a process that came later
        proposed.append(journal_in(tmp_path / name).asked(7)[1])
    assert proposed[0] == proposed[1]


def test_a_process_that_was_killed_over_the_journal_leaves_no_torn_line_and_no_lock(tmp_path):
    journal = journal_in(tmp_path)
    begun(journal, 0)
    path = tmp_path / "journal.log"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 4, "wor')
    (tmp_path / "journal.log.lock").symlink_to(path)
    again = journal_in(tmp_path)
    # a line is added that the study is asked for, and none is torn
    assert path.read_bytes().startswith(whole)
    again.add(drawn(space(), np.random.default_rng(1)))
    assert [record.state for record in journal_in(tmp_path).records()] == [RUNNING, WAITING]


def test_a_file_that_is_no_journal_is_one_sentence(tmp_path):
    (tmp_path / "journal.log").write_text("nothing\n")
    with pytest.raises(InputError, match="is no journal of a study"):
        journal_in(tmp_path)
