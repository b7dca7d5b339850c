import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lif_file import write_lif

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.io.images.decoding import Decoding, decoding
from terrazzo.io.readers import bioio_reader
from terrazzo.io.readers.bioio_reader import Scene

RANDOM = np.random.default_rng(0)
STACK = RANDOM.integers(0, 255, (3, 2, 20, 30), dtype=np.uint8)
PLANE = RANDOM.integers(0, 255, (40, 50), dtype=np.uint8)


@pytest.fixture
def lif(tmp_path):
    pytest.importorskip("bioio_lif", reason="bioio-lif is not installed")
    write_lif(tmp_path / "two.lif", {"Series 1": ("zcyx", STACK), "Series 2": ("yx", PLANE)})
    return tmp_path / "two.lif"


@pytest.fixture
def czi(tmp_path):
    pytest.importorskip("bioio_czi", reason="bioio-czi is not installed")
    from pylibCZIrw import czi

    def write(planes, **metadata):
        with czi.create_czi(str(tmp_path / "a.czi")) as file:
            for place, values in planes.items():
                file.write(data=values, plane=dict(zip("CZT", place, strict=False)))
            file.write_metadata(document_name="a", **metadata)
        return tmp_path / "a.czi"

    return write


def test_images_of_a_lif_are_opened_by_name_or_number(lif):
    image = tz.open_image(lif / "Series 1")
    assert image.channels == ("lut 0", "lut 1")
    assert image.pixel_size == pytest.approx((0.5, 0.5, 0.5))
    assert np.array_equal(image.data.compute(), STACK.transpose(1, 0, 2, 3))
    assert np.array_equal(image.stored[1, 2, 3:17:3, 4], STACK[2, 1, 3:17:3, 4])
    assert np.array_equal(tz.open_image(lif / "1").plane.compute(), PLANE)
    assert decoding(image.stored) == Decoding(0, 20 * 30)


def test_of_several_images_one_has_to_be_named(lif):
    names = r"holds 2 images: 'Series 1', 'Series 2'; open one by its path, such as '.*two\.lif/Series 1'"
    with pytest.raises(InputError, match=names):
        tz.open_image(lif)
    with pytest.raises(InputError, match=r"two\.lif/Series 3' names no image; the file holds 2: 'Series 1'"):
        tz.open_image(lif / "Series 3")


def test_each_process_opens_the_file_by_its_path(lif, tmp_path):
    (tmp_path / "sent").write_bytes(pickle.dumps(tz.open_image(lif / "Series 2").stored))
    assert (tmp_path / "sent").stat().st_size < 1000
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))[0, 5, 7:9].tolist())"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "sent"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(PLANE[5, 7:9].tolist())


def test_a_czi_is_read_in_windows(czi):
    values = RANDOM.integers(0, 4000, (2, 300, 400), dtype=np.uint16)
    planes = {(channel, 0): values[channel, :, :, None] for channel in range(2)}
    image = tz.open_image(czi(planes, channel_names={0: "DAPI", 1: "FITC"}, scale_x=5e-7, scale_y=2.5e-7))
    assert image.channels == ("DAPI", "FITC")
    assert image.pixel_size == pytest.approx((0.25, 0.5))
    assert np.array_equal(image.data.rechunk((1, 128, 77)).compute(), values)
    assert np.array_equal(image.stored[1, 5:9, 3:300:2], values[1, 5:9, 3:300:2])
    assert decoding(image.stored) == Decoding(0, 0)


def test_sections_of_a_czi_are_a_volume(czi):
    values = RANDOM.integers(0, 255, (4, 30, 40), dtype=np.uint8)
    planes = {(0, section): values[section, :, :, None] for section in range(4)}
    image = tz.open_image(czi(planes, scale_x=5e-7, scale_y=5e-7, scale_z=2e-6))
    assert image.pixel_size == pytest.approx((2, 0.5, 0.5))
    assert np.array_equal(image.data.compute()[0], values)


def test_colours_of_a_czi_are_red_green_and_blue_though_it_holds_them_the_other_way_round(czi):
    blue_green_red = RANDOM.integers(0, 255, (30, 40, 3), dtype=np.uint8)
    image = tz.open_image(czi({(0, 0): blue_green_red}))
    assert image.channels == ("red", "green", "blue")
    assert np.array_equal(image.data.compute(), np.moveaxis(blue_green_red[..., ::-1], -1, 0))
    assert image.stored[0, 3, 4] == blue_green_red[3, 4, 2]
    assert np.array_equal(image.stored[1:, 3, 4:6], blue_green_red[3, 4:6, 1::-1].T)


@pytest.mark.parametrize("kind", ["czi", "lif", "nd2"])
def test_a_broken_file_is_refused_by_name(tmp_path, kind):
    pytest.importorskip(f"bioio_{kind}", reason=f"bioio-{kind} is not installed")
    broken = tmp_path / f"b.{kind}"
    broken.write_bytes(b"no image, whatever the name says" * 9)
    with pytest.raises(InputError, match=rf"b\.{kind}' cannot be read as an image of a microscope: .*; see that"):
        tz.open_image(broken)


@pytest.mark.parametrize(
    ("installed", "message"),
    [
        ((), r"a\.czi' is read through bioio and bioio-czi, which are not installed: pip install bioio bioio-czi, or"),
        (
            ("bioio",),
            r"a\.czi' is read through bioio-czi, which is not installed: pip install bioio-czi, or all of them",
        ),
    ],
)
def test_where_a_package_is_missing_it_is_named(tmp_path, monkeypatch, installed, message):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE")
    monkeypatch.setattr(bioio_reader, "find_spec", lambda name: name if name in installed else None)
    with pytest.raises(InputError, match=message):
        tz.open_image(tmp_path / "a.czi")


class Microscope:
    """What a plugin of bioio offers, of an array."""

    dtype = np.uint8

    def __init__(self, axes, values):
        self.axes, self.values, self.asked = axes, values, []

    def get_image_data(self, kept, **parts):
        self.asked.append(parts)
        found = self.values[tuple(parts[axis] for axis in self.axes)]
        left = [axis for axis in self.axes if axis in kept]
        return found.transpose([left.index(axis) for axis in kept])

    def _read_indexed(self):
        """A plugin that has this reads no more than is asked for."""


def test_a_window_asks_for_no_more_than_it_holds():
    reader = Microscope("TYXS", RANDOM.integers(0, 255, (1, 9, 8, 3), dtype=np.uint8))
    scene = Scene(reader, "TYXS", (1, 9, 8, 3), None, turned=True)
    window = (0, slice(2, 5), slice(1, 3), slice(0, 2))
    assert np.array_equal(scene[window], reader.values[0, 2:5, 1:3, :0:-1])
    assert reader.asked == [{"T": 0, "Y": slice(2, 5), "X": slice(1, 3), "S": slice(1, 3)}]
    assert np.array_equal(scene[0, slice(2, 5), slice(1, 3), 0], reader.values[0, 2:5, 1:3, 2])


def test_mosaics_and_channels_of_colours_are_refused(monkeypatch):
    class Opened:
        resolution_levels = (0,)

        def __init__(self, **lengths):
            self.dims = type("Dims", (), {"order": "".join(lengths), "shape": tuple(lengths.values())})

        def set_scene(self, number):
            assert number == 0

        set_resolution_level = set_scene

    for lengths, message in (
        ({"M": 6, "Y": 9, "X": 9}, "a.czi' is a mosaic of 6 tiles that were not put together; merge them"),
        ({"C": 2, "Y": 9, "X": 9, "S": 3}, "a.czi' has 2 channels of 3 colours; save one channel"),
        ({"Y": 9, "X": 9, "H": 2}, "a.czi' has an axis H that is none of t, c, z, y and x"),
    ):
        monkeypatch.setattr(bioio_reader, "_reader", lambda _, lengths=lengths: Opened(**lengths))
        with pytest.raises(InputError, match=message):
            bioio_reader.open_array(str(Path("a.czi")), "0 0")
