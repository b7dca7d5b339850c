from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image

GREY = np.random.default_rng(5).integers(0, 60_000, (200, 150), dtype=np.uint16)
RGB = np.random.default_rng(6).integers(0, 255, (200, 150, 3), dtype=np.uint8)
PLANES = np.stack([GREY, GREY + 1, GREY + 2])


def write_pyramid(path: Path, **options: Any) -> None:
    with tifffile.TiffWriter(path, **options) as tiff:
        tiff.write(RGB, subifds=2, tile=(32, 32), compression="zlib", photometric="rgb")
        tiff.write(RGB[::2, ::2], subfiletype=1, tile=(32, 32), compression="zlib", photometric="rgb")
        tiff.write(RGB[::4, ::4], subfiletype=1, tile=(32, 32), compression="zlib", photometric="rgb")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bigtiff": True},
        {"tile": (64, 64)},
        {"tile": (64, 64), "compression": "zlib", "predictor": True},
        {"rowsperstrip": 7, "compression": "zlib"},
        {"byteorder": ">", "tile": (32, 32)},
    ],
    ids=["plain", "bigtiff", "tiled", "compressed", "strips", "big-endian"],
)
def test_a_grey_tiff_opens_whatever_its_layout(tmp_path: Path, options: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, **options)
    image = open_image(tmp_path / "a.tif")
    assert image.shape == (1, 200, 150)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image.data.compute()[0], GREY)


def test_samples_of_a_pixel_become_colour_channels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", tile=(64, 64))
    tifffile.imwrite(tmp_path / "b.tif", RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    for name in ("a.tif", "b.tif"):
        image = open_image(tmp_path / name)
        assert image.channels == ("red", "green", "blue")
        np.testing.assert_array_equal(image.data.compute(), RGB.transpose(2, 0, 1))


def test_the_levels_of_a_pyramid_open_one_by_one(tmp_path: Path) -> None:
    write_pyramid(tmp_path / "a.tif")
    for level in range(3):
        expected = RGB[:: 2**level, :: 2**level].transpose(2, 0, 1)
        np.testing.assert_array_equal(open_image(tmp_path / "a.tif", level=level).data.compute(), expected)


def test_a_level_that_a_pyramid_has_not_is_an_input_error(tmp_path: Path) -> None:
    write_pyramid(tmp_path / "a.tif")
    with pytest.raises(InputError, match="has no level 3: it holds levels 0 to 2"):
        open_image(tmp_path / "a.tif", level=3)


def test_chunks_follow_the_tiles(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5000, 5000), np.uint8), tile=(400, 304), compression="zlib")
    assert open_image(tmp_path / "a.tif").stored.chunks == (1, 2000, 1824)


@pytest.mark.parametrize("metadata", [{}, None])
def test_pages_of_unknown_meaning_are_sections_or_channels_as_the_caller_says(
    tmp_path: Path, metadata: dict[str, Any] | None
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PLANES, photometric="minisblack", metadata=metadata)
    with pytest.raises(InputError, match=r"does not say what its 3 axes .* axes='zyx' for a volume, or axes='cyx'"):
        open_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(open_image(tmp_path / "a.tif", axes="cyx").data.compute(), PLANES)
    np.testing.assert_array_equal(open_image(tmp_path / "a.tif", axes="zyx").data.compute(), PLANES[None])


@pytest.mark.parametrize("extra", ["assocalpha", "unassalpha"])
@pytest.mark.parametrize(
    "options",
    [{}, {"tile": (32, 32), "compression": "zlib"}, {"compression": "zlib", "rowsperstrip": 200}],
    ids=["mapped", "tiled", "whole"],
)
def test_an_alpha_channel_is_left_out(tmp_path: Path, options: dict[str, Any], extra: str) -> None:
    pixels = np.dstack([RGB, RGB[..., 0]])
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[extra], **options)
    tifffile.imwrite(
        tmp_path / "b.tif", pixels.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", extrasamples=[extra]
    )
    for name in ("a.tif", "b.tif"):
        image = open_image(tmp_path / name)
        assert image.channels == ("red", "green", "blue")
        np.testing.assert_array_equal(image.data.compute(), RGB.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("photometric", "samples", "names"),
    [("minisblack", 4, ("0", "1", "2", "3")), ("minisblack", 3, ("0", "1", "2")),
     ("rgb", 4, ("red", "green", "blue", "3")), ("separated", 4, ("cyan", "magenta", "yellow", "black"))],
)  # fmt: skip
def test_samples_are_named_by_the_colours_that_the_file_declares(
    tmp_path: Path, photometric: str, samples: int, names: tuple[str, ...]
) -> None:
    pixels = np.dstack([RGB, RGB[..., 0]])[..., :samples]
    extra = {"extrasamples": ["unspecified"]} if photometric == "rgb" else {}
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric, planarconfig="contig", **extra)
    image = open_image(tmp_path / "a.tif")
    assert image.channels == names
    np.testing.assert_array_equal(image.data.compute(), pixels.transpose(2, 0, 1))


def write_aperio(path: Path) -> None:
    """Write the pages of a slide scanner's file in its order: slide, thumbnail, coarser level, label, macro."""
    about = "Aperio Image Library v11.2.1\r\n150x200 [0,0 150x200] (32x32) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5"
    common = {"photometric": "rgb", "metadata": None}
    tiled = common | {"tile": (32, 32), "compression": "jpeg", "compressionargs": {"level": 95}}
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(RGB, description=about, **tiled)
        tiff.write(RGB[::8, ::8], description="Aperio Image Library v11.2.1\r\n150x200 -> 19x25", **common)
        tiff.write(RGB[::4, ::4], description="Aperio Image Library v11.2.1\r\n150x200 -> 38x50", **tiled)
        tiff.write(RGB[:20, :20], description="Aperio Image Library v11.2.1\r\nlabel 20x20", subfiletype=1, **common)
        tiff.write(RGB[:20, :30], description="Aperio Image Library v11.2.1\r\nmacro 30x20", subfiletype=9, **common)


def test_a_slide_scanners_file_opens_by_its_levels(tmp_path: Path) -> None:
    write_aperio(tmp_path / "a.svs")
    slide = open_image(tmp_path / "a.svs")
    assert (slide.levels, slide.channels) == (2, ("red", "green", "blue"))
    assert (slide.pixel_size, slide.pixel_unit) == ((0.5, 0.5), "micrometer")
    coarse = open_image(tmp_path / "a.svs", pixel_size=2)
    assert (coarse.level, coarse.shape) == (1, (3, 50, 38))
    assert coarse.pixel_size == pytest.approx((2.0, 2.0), rel=0.02)
    with tifffile.TiffFile(tmp_path / "a.svs") as tiff:
        decoded = tiff.pages[2].asarray()
    np.testing.assert_array_equal(coarse.data.compute(), decoded.transpose(2, 0, 1))


def test_a_window_of_a_slide_decodes_only_its_tiles(tmp_path: Path) -> None:
    write_aperio(tmp_path / "a.svs")
    with tifffile.TiffFile(tmp_path / "a.svs") as tiff:
        offset = tiff.pages.first.dataoffsets[-1]
    damaged = bytearray((tmp_path / "a.svs").read_bytes())
    damaged[offset : offset + 40] = bytes(40)
    (tmp_path / "a.svs").write_bytes(damaged)
    stored = open_image(tmp_path / "a.svs").stored
    assert stored[:, :160, :100].shape == (3, 160, 100)
    with pytest.raises(InputError, match="cannot be read at"):
        stored[:, 199, 149]


def test_a_complex_tiff_is_an_input_error(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.complex64))
    with pytest.raises(InputError, match="holds values of type complex64; images are boolean, integer or floating"):
        open_image(tmp_path / "a.tif")


def test_an_ome_tiff_gives_pixel_size_unit_and_channel_names(tmp_path: Path) -> None:
    metadata = {
        "axes": "CYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": ["DAPI", "GFP", "RFP"]},
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", PLANES, photometric="minisblack", metadata=metadata)
    image = open_image(tmp_path / "a.ome.tif")
    assert image.pixel_size == (0.5, 0.25)
    assert image.pixel_unit == "micrometer"
    assert image.channels == ("DAPI", "GFP", "RFP")
    np.testing.assert_array_equal(image.data.compute(), PLANES)


def test_a_coarser_level_has_larger_pixels(tmp_path: Path) -> None:
    options = {"photometric": "minisblack", "tile": (32, 32), "metadata": None}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tiff:
        tiff.write(
            GREY,
            subifds=1,
            photometric="minisblack",
            tile=(32, 32),
            metadata={"axes": "YX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5},
        )
        tiff.write(GREY[::2, ::2], subfiletype=1, **options)
    assert open_image(tmp_path / "a.ome.tif", level=1).pixel_size == (1.0, 0.5)


def test_a_stack_in_time_is_an_input_error_that_names_its_axis(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", PLANES, photometric="minisblack", metadata={"axes": "TYX"})
    with pytest.raises(InputError, match="is 3 long along its t axis"):
        open_image(tmp_path / "a.ome.tif")


def test_colours_of_a_stack_are_channels(tmp_path: Path) -> None:
    stack = np.stack([RGB, 255 - RGB])
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, photometric="rgb", compression="zlib", metadata={"axes": "ZYXS"})
    image = open_image(tmp_path / "a.ome.tif")
    assert (image.shape, image.channels) == ((3, 2, 200, 150), ("red", "green", "blue"))
    np.testing.assert_array_equal(image.stored[:, 1, 9:80], stack[1, 9:80].transpose(2, 0, 1))


def test_a_tiff_cut_short_is_an_input_error_at_once(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, tile=(64, 64), compression="zlib")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: len(whole) - 3000])
    with pytest.raises(InputError, match="is cut short"):
        open_image(tmp_path / "a.tif")


def test_a_damaged_tile_is_an_input_error_when_it_is_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        offset = tiff.pages.first.dataoffsets[0]
    damaged = bytearray((tmp_path / "a.tif").read_bytes())
    damaged[offset : offset + 40] = bytes(40)
    (tmp_path / "a.tif").write_bytes(damaged)
    stored = open_image(tmp_path / "a.tif").stored
    with pytest.raises(InputError, match="cannot be read at c 0:1, y 0:10, x 0:10"):
        stored[0, :10, :10]
    np.testing.assert_array_equal(stored[0, 64:128, 64:128], GREY[64:128, 64:128])


def test_a_compression_without_its_codec_says_what_to_install(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, compression="zlib", rowsperstrip=200)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tiff:
        tiff.pages.first.tags["Compression"].overwrite(34892)  # lossy JPEG of digital negatives
    try:
        tifffile.TIFF.DECOMPRESSORS[34892]
    except KeyError:
        with pytest.raises(InputError, match=r"is compressed with .* install the package imagecodecs"):
            open_image(tmp_path / "a.tif")
    else:
        pytest.skip("imagecodecs is installed")


def test_of_several_images_the_first_is_taken_unless_a_later_one_is_larger(tmp_path: Path) -> None:
    small, large = np.zeros((10, 12), np.uint8), np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) // 8
    for name, planes in (("first.tif", (large, small)), ("later.tif", (small, large))):
        with tifffile.TiffWriter(tmp_path / name) as file:
            for plane in planes:
                file.write(plane)
    assert open_image(tmp_path / "first.tif").extent == (40, 50)
    assert open_image(tmp_path / "first.tif" / "1").extent == (10, 12)
    message = (
        r"later\.tif' holds 2 images, the first of 12 x 10 pixels and a later one of 50 x 40; open one by its number,"
    )
    with pytest.raises(InputError, match=message):
        open_image(tmp_path / "later.tif")
    image = open_image(tmp_path / "later.tif" / "1")
    assert np.array_equal(image.stored[0, 3:9, 7:], large[3:9, 7:])
    assert open_image(tmp_path / "later.tif" / "0").extent == (10, 12)
    for name in ("2", "label"):
        with pytest.raises(InputError, match=rf"later\.tif/{name}' names no image"):
            open_image(tmp_path / "later.tif" / name)


def test_each_image_of_an_ome_tiff_has_its_own_pixel_size_and_channels(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for size, name in ((8.0, "overview"), (0.5, "slide")):
            metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size, "Channel": {"Name": [name]}}
            file.write(np.zeros((int(40 / size), 50), np.uint8), metadata=metadata)
    image = open_image(tmp_path / "a.ome.tif" / "1")
    assert (image.extent, image.pixel_size, image.channels) == ((80, 50), (0.5, 0.5), ("slide",))


@pytest.mark.parametrize(("second", "refused"), [("other.ome.tif", True), ("a.ome.tif", False)])
def test_an_ome_tiff_that_goes_on_in_a_file_that_is_not_there_is_refused(tmp_path, second, refused) -> None:
    planes = "".join(
        f'<TiffData FirstC="{plane}" IFD="{plane}" PlaneCount="1"><UUID FileName="{name}">{name}</UUID></TiffData>'
        for plane, name in enumerate(("a.ome.tif", second))
    )
    pixels = (
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="5" SizeY="4" SizeC="2" SizeZ="1" SizeT="1">'
        f"{planes}</Pixels>"
    )
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    xml = f'<?xml version="1.0"?><OME xmlns="{schema}" UUID="a.ome.tif"><Image ID="Image:0">{pixels}</Image></OME>'
    values = np.arange(40, dtype=np.uint8).reshape(2, 4, 5)
    tifffile.imwrite(tmp_path / "a.ome.tif", values, photometric="minisblack", description=xml, metadata=None)
    if not refused:
        assert np.array_equal(open_image(tmp_path / "a.ome.tif").data.compute(), values)
        return
    with pytest.raises(InputError, match=r"a\.ome\.tif' goes on in 'other\.ome\.tif', which is not beside it; put all"):
        open_image(tmp_path / "a.ome.tif")
