from dataclasses import fields

import numpy as np

import terrazzo as tz
from terrazzo.training.lattice import pixels_alone
from terrazzo.training.lattice.pixels_alone import NEVER_SURE, LonePixels
from terrazzo.training.lattice.sampled_pixels import PixelSamples


def samples(number, first=0):
    """So many pixels, whose numbers all say which they are."""
    own = np.arange(first, first + number)
    given = {"responses": own[:, None].astype(np.float32), "weights": np.full(number, 2, np.float32)}
    return PixelSamples(**{field.name: given.get(field.name, own) for field in fields(PixelSamples)})


def test_pixels_that_learn_alone_are_some_of_all_parts_each_with_what_belongs_to_it(monkeypatch):
    monkeypatch.setattr(pixels_alone, "MOST_KEPT", 40)
    kept = LonePixels.of([50, 0, 30], [samples(50), samples(0), samples(30, 50)], seed=0)
    assert len(set(kept.classes.tolist())) == 40
    assert kept.classes.min() < 50 <= kept.classes.max()
    assert np.array_equal(kept.responses[:, 0], kept.classes)
    assert np.array_equal(kept.counts, 2 * kept.classes)


def test_with_few_strokes_pixels_decide_together_with_those_that_learned_alone_and_all_are_asked(tmp_path, monkeypatch):
    rng, truth = np.random.default_rng(0), np.zeros((96, 96), np.uint8)
    truth[:, 48:] = truth[:48, :24] = 1
    image = (rng.normal(100, 10, truth.shape) + 60 * truth).astype(np.uint8)
    drawn = np.full_like(truth, 255)
    drawn[8:88:16, 4:90] = truth[8:88:16, 4:90]
    network = tz.LatticeSettings(width=8, levels=1, blocks=1, pixel_width=8)
    model = tz.fit([image], [drawn], size=8, network=network, training=tz.LatticeTraining(steps=60, device="cpu"))
    # no superpixel paints its pixels, however sure it is; half of the units hear none
    assert (model.settings.sure, model.settings.pixel_width) == (NEVER_SURE, 16)
    for heard in (model.network.own.weight, model.network.around.weight):
        assert heard[:8].any()
        assert not heard[8:].any()
    found = tz.predict(model, image).compute()
    assert (found == truth).mean() > 0.85
    again = tz.open_model(tz.write_model(model, tmp_path / "model.safetensors"))
    assert np.array_equal(tz.predict(again, image).compute(), found)
    for few, asked in ((700, False), (50, True)):  # of 84 superpixels, of which 35 are trained on
        monkeypatch.setattr("terrazzo.training.lattice.split_cells.FEW_SUPERPIXELS", few)
        training = tz.LatticeTraining(steps=12, device="cpu", alone=asked)
        model = tz.fit([image], [drawn], size=8, network=network, training=training)
        assert (model.settings.sure, model.settings.pixel_width) == (0.95, 8)
