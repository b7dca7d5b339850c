import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image

RGB = np.random.default_rng(3).integers(0, 255, (40, 30, 3), dtype=np.uint8)


def test_a_png_opens_with_its_channels_first(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", RGB)
    image = open_image(tmp_path / "a.png")
    assert image.shape == (3, 40, 30)
    assert image.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(image.data.compute(), RGB.transpose(2, 0, 1))


def test_a_jpeg_opens_as_the_library_decodes_it(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.jpg", RGB)
    np.testing.assert_array_equal(
        open_image(tmp_path / "a.jpg").data.compute(), iio.imread(tmp_path / "a.jpg").transpose(2, 0, 1)
    )


@pytest.mark.parametrize("channels", [2, 4])
def test_an_alpha_channel_is_left_out(tmp_path: Path, channels: int) -> None:
    pixels = np.dstack([RGB, RGB[..., 0]])[..., -channels:]
    iio.imwrite(tmp_path / "a.png", pixels)
    image = open_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.data.compute(), pixels[..., :-1].transpose(2, 0, 1))


def test_a_grey_png_of_16_bits_keeps_its_values(tmp_path: Path) -> None:
    pixels = np.arange(0, 60_000, 50, dtype=np.uint16).reshape(40, 30)
    iio.imwrite(tmp_path / "a.png", pixels)
    image = open_image(tmp_path / "a.png")
    assert image.channels == ("0",)
    np.testing.assert_array_equal(image.data.compute()[0], pixels)


def test_a_png_of_one_bit_is_boolean(tmp_path: Path) -> None:
    PIL.Image.fromarray(RGB[..., 0] > 100).save(tmp_path / "a.png")
    image = open_image(tmp_path / "a.png")
    assert image.dtype == np.bool_
    np.testing.assert_array_equal(image.data.compute()[0], RGB[..., 0] > 100)


def test_a_png_with_16_bit_colours_is_refused_rather_than_halved(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(_png_of_16_bit_colours(4, 3))
    with pytest.raises(InputError, match=r"16-bit colours.*save it as TIFF"):
        open_image(tmp_path / "a.png")


def test_a_jpeg_in_printers_colours_is_refused(tmp_path: Path) -> None:
    PIL.Image.fromarray(RGB).convert("CMYK").save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="colours of CMYK; save it as grey or RGB"):
        open_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_truncated_file_is_an_input_error_at_once(tmp_path: Path, name: str) -> None:
    iio.imwrite(tmp_path / name, RGB)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:800])
    with pytest.raises(InputError, match="is cut short: the mark of its end is missing; copy it again"):
        open_image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_notes_behind_the_end_are_no_reason_to_refuse_a_file(tmp_path: Path, name: str) -> None:
    iio.imwrite(tmp_path / name, RGB)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"made by a scanner")
    assert open_image(tmp_path / name).data.compute().shape == (3, 40, 30)


def test_a_png_that_is_damaged_inside_is_an_input_error_when_it_is_read(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", RGB)
    damaged = bytearray((tmp_path / "a.png").read_bytes())
    damaged[400:800] = bytes(400)
    (tmp_path / "a.png").write_bytes(damaged)
    image = open_image(tmp_path / "a.png")
    with pytest.raises(InputError, match="cannot be read at c 0:3, y 0:40, x 0:30"):
        image.data.compute()


def test_the_size_of_an_image_is_no_reason_to_refuse_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iio.imwrite(tmp_path / "a.png", RGB)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_image(tmp_path / "a.png").data.compute().shape == (3, 40, 30)
    assert PIL.Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(("colour_type", "bits"), [(0, 8), (2, 8), (0, 16)])
def test_a_small_png_that_says_it_is_large_is_refused_without_taking_memory(tmp_path, colour_type, bits):
    (tmp_path / "a.png").write_bytes(_png(60_000, 60_000, bits, colour_type, b"\0" * 20))
    tracemalloc.start()
    with pytest.raises(InputError, match=r"is damaged: \d+ bytes are said to hold \(60000, 60000, [13]\) values"):
        open_image(tmp_path / "a.png")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_small_jpeg_that_says_it_is_large_is_refused(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.jpg", RGB)
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    at = content.index(b"\xff\xc0") + 5  # height and width of the frame
    content[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged: \d+ bytes are said to hold \(60000, 60000, 3\) values"):
        open_image(tmp_path / "a.jpg")


def test_a_large_png_that_packs_as_well_as_any_opens(tmp_path: Path) -> None:
    side = 2**14 + 2**13
    rows = (b"\0" + bytes(side // 8)) * side
    (tmp_path / "a.png").write_bytes(_png(side, side, 1, 0, rows))
    assert side**2 > 8000 * (tmp_path / "a.png").stat().st_size
    assert open_image(tmp_path / "a.png").shape == (1, side, side)


def _png_of_16_bit_colours(height: int, width: int) -> bytes:
    return _png(height, width, 16, 2, (b"\0" + bytes(6 * width)) * height)


def _png(height: int, width: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    packed = zlib.compress(rows, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_was_held(tmp_path: Path, orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif)
    expected = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(tmp_path / "a.png")))
    image = open_image(tmp_path / "a.png")
    assert image.shape == (3, *expected.shape[:2])
    assert np.array_equal(image.data.compute(), np.moveaxis(expected, -1, 0))
    PIL.Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    assert open_image(tmp_path / "a.jpg").shape == image.shape
