import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from drawings import raster
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi
from skimage.measure import points_in_poly

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.check_drawing import check_drawing, shape_name
from terrazzo.io.annotations.imagej_rois import read_rois

SQUARE = [[2, 3], [6, 3], [6, 5], [2, 5]]


def region(points=SQUARE, kind=ROI_TYPE.POLYGON, name="a", **more):
    made = ImagejRoi.frompoints(np.array(points), name=name)
    return replace(made, roitype=kind, **more)


def box(top, left, bottom, right, kind=ROI_TYPE.RECT, name="a", **more):
    return ImagejRoi(roitype=kind, top=top, left=left, bottom=bottom, right=right, name=name, **more)


def composite(*rings, name="a", **more):
    """As ImageJ saves a combined region: move to, line to, ..., close."""
    path = [
        number for ring in rings for number in [0, *ring[0], *(part for point in ring[1:] for part in (1, *point)), 4]
    ]
    points = np.array(path, np.float32)
    return box(0, 0, 20, 20, name=name, multi_coordinates=points, shape_roi_size=len(points), **more)


@pytest.fixture
def read(tmp_path):
    def read(*regions, canvas=None):
        path = tmp_path / "RoiSet.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, one in enumerate(regions):
                archive.writestr(f"{one.name or number}-{number}.roi", one if isinstance(one, bytes) else one.tobytes())
        return read_rois(path, canvas)

    return read


def pixels(drawing, shape=(20, 20)):
    return np.argwhere(raster(drawing, shape) == 0).tolist()


@pytest.mark.parametrize("kind", [ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED])
@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_an_area_counts_from_the_corner_of_the_first_pixel(read, kind, dtype):
    drawn = raster(read(region(np.array(SQUARE, dtype), kind)), (9, 9))
    expected = np.full((9, 9), 255)
    expected[3:5, 2:6] = 0
    assert np.array_equal(drawn, expected)


def test_an_area_between_pixels_is_the_pixels_whose_centre_is_inside(read):
    random = np.random.default_rng(0)
    angles = np.sort(random.uniform(0, 2 * np.pi, 12))
    ring = 10 + random.uniform(3, 9, 12)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    drawn = raster(read(region(ring.astype(np.float32))), (20, 20)) == 0
    centres = np.indices((20, 20)).reshape(2, -1).T[:, ::-1] + 0.5
    assert np.array_equal(drawn.ravel(), points_in_poly(centres, ring.astype(np.float32)))


@pytest.mark.parametrize("kind", [ROI_TYPE.FREELINE, ROI_TYPE.POLYLINE, ROI_TYPE.ANGLE])
def test_whole_numbers_of_a_line_are_the_centres_of_pixels(read, kind):
    expected = [[2, column] for column in range(1, 5)]
    assert pixels(read(region([[1, 2], [3, 2], [4, 2]], kind))) == expected
    assert pixels(read(region([[0.6, 1.6], [3, 2], [4.4, 2.4]], kind))) == expected


def test_straight_lines_and_points_are_drawn_likewise(read):
    line = ImagejRoi(roitype=ROI_TYPE.LINE, x1=1, y1=2, x2=4, y2=2, name="a")
    assert pixels(read(line)) == [[2, column] for column in range(1, 5)]
    assert pixels(read(region([[4, 3], [6, 5]], ROI_TYPE.POINT))) == [[3, 4], [5, 6]]
    assert pixels(read(region([[3.6, 2.6], [6.4, 5.4]], ROI_TYPE.POINT))) == [[3, 4], [5, 6]]


def test_rectangles_and_ovals_fill_their_box(read):
    assert pixels(read(box(3, 2, 5, 6))) == [[row, column] for row in (3, 4) for column in range(2, 6)]
    rows, columns = np.indices((20, 20)) + 0.5
    oval = raster(read(box(2, 4, 12, 18, ROI_TYPE.OVAL)), (20, 20)) == 0
    assert np.array_equal(oval, ((rows - 7) / 5) ** 2 + ((columns - 11) / 7) ** 2 < 1)
    between = box(
        0, 0, 9, 9, xd=1.6, yd=2.6, widthd=2, heightd=1, options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION, version=228
    )
    assert pixels(read(between)) == [[3, 2], [3, 3]]
    rounded = raster(read(box(0, 0, 20, 20, rounded_rect_arc_size=12)), (20, 20)) == 0
    corner = (rows < 6) & (columns < 6)
    assert np.array_equal(rounded[corner], ((rows - 6) ** 2 + (columns - 6) ** 2 < 36)[corner])
    assert rounded[6:14].all()


def test_a_combined_region_has_its_islands_and_holes_in_any_order(read):
    rings = [[(9, 9), (11, 9), (11, 11), (9, 11)], [(2, 2), (12, 2), (12, 12), (2, 12)]]
    rings += [[(14, 2), (18, 2), (18, 6), (14, 6)], [(4, 4), (8, 4), (8, 8), (4, 8)], [(5, 5), (6, 5), (6, 6), (5, 6)]]
    drawing = read(composite(*rings))
    expected = np.zeros((20, 20), bool)
    for ring in rings:
        (left, top), (right, bottom) = ring[0], ring[2]
        expected[top:bottom, left:right] ^= True
    assert np.array_equal(raster(drawing, (20, 20)) == 0, expected)
    assert drawing.shapes.tolist() == [1, 1, 1]
    check_drawing("a.zip", drawing, (20, 20))


@pytest.mark.parametrize(
    ("name", "group", "expected"),
    [
        ("Tumor", 0, "Tumor"),
        ("Tumor-1", 0, "Tumor"),
        ("Tumor", 3, "Tumor"),
        ("0005-0004", 3, "group 3"),
        ("0001-0005-0004", 0, None),
        ("F01-C12", 0, None),
        ("1b4e28ba-2fa1-11d2-883f-0016d3cca427", 2, "group 2"),
    ],
)
def test_the_class_is_the_name_or_else_the_group(read, name, group, expected):
    drawing = read(region(name=name, group=group, fill_color=b"\xff\xc8\x00\x10"))
    assert drawing.names == (() if expected is None else (expected,))
    assert drawing.colours == ({} if expected is None else {expected: "#c80010"})


def test_a_single_region_and_one_without_a_name_are_called_after_their_file(tmp_path):
    region(name="").tofile(tmp_path / "Stroma-2.roi")
    drawing = read_rois(tmp_path / "Stroma-2.roi")
    assert drawing.names == ("Stroma",)
    assert shape_name(drawing, 0) == "region 'Stroma-2' ('Stroma')"


def test_regions_lie_over_one_another_in_the_order_of_the_set(read):
    drawing = read(region(name="b"), box(0, 4, 9, 9, name="a"))
    assert drawing.names == ("b", "a")
    assert raster(drawing, (9, 9))[4, 2:7].tolist() == [0, 0, 1, 1, 1]


def test_a_region_of_another_plane_is_refused_and_one_of_another_channel_is_read(read):
    canvas = Canvas("", (20, 20), 3)
    assert len(read(region(c_position=2, z_position=1, t_position=1), region(position=3), canvas=canvas)) == 2
    for other in (region(z_position=2), region(t_position=2), region(position=4)):
        with pytest.raises(InputError, match=r"RoiSet\.zip', region 'a': it lies on plane . of a stack; only regions"):
            read(region(), other, canvas=canvas)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            region(options=ROI_OPTIONS.SPLINE_FIT),
            "region 'a': it is fitted by a spline; choose Edit > Selection > Interp",
        ),
        (
            box(0, 0, 9, 9, xd=1, yd=1, widthd=3, options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION, version=228),
            "region 'a': it has no pixels",
        ),
        (region([[0, 0], [1, 1]]), "region 'a': a ring or line of it has 2 points and needs 3"),
        (
            region(subpixel_coordinates=np.full((4, 2), np.nan, np.float32), options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION),
            "region 'a': its coordinates are not finite",
        ),
        (box(0, 0, 5, 5, ROI_TYPE.NOROI), "region 'a': it is of type noroi, which has no pixels"),
        (box(0, 0, 5, 5, subtype=ROI_SUBTYPE.TEXT, text="x", text_name="f"), "region 'a': it is a text; remove it"),
        (composite([(0, 0), (9, 9), (9, 0), (0, 9)], [(2, 2), (4, 2), (4, 20)]), r"region 'a' \('a'\) crosses itself"),
        (
            box(0, 0, 9, 9, multi_coordinates=np.array([0, 1, 1, 2, 3, 3, 4, 4, 4], np.float32), shape_roi_size=9),
            "region 'a': its outline has curves; choose Edit > Selection > Interpolate",
        ),
        (
            box(0, 0, 9, 9, multi_coordinates=np.array([0, 1, 1, 1], np.float32), shape_roi_size=4),
            "region 'a': its outline is damaged",
        ),
        (
            box(0, 0, 9, 9, multi_coordinates=np.array([7, 1, 1], np.float32), shape_roi_size=3),
            "region 'a': its outline is damaged",
        ),
    ],
)
def test_a_mistake_names_the_region(read, wrong, message):
    with pytest.raises(InputError, match=rf"RoiSet\.zip'.*{message}"):
        check_drawing("RoiSet.zip", read(wrong), (20, 20))


@pytest.mark.parametrize("cut", [3, 63, 70, 100])
def test_a_region_that_is_cut_short_is_refused(tmp_path, cut):
    data = region(name="").tobytes()
    (tmp_path / "a.roi").write_bytes(data[:cut])
    with pytest.raises(InputError, match=r"a\.roi', region 'a': it is (no region of ImageJ|cut short)"):
        read_rois(tmp_path / "a.roi")


def test_sizes_that_no_file_holds_take_no_memory(tmp_path):
    data = bytearray(composite([(0, 0), (9, 9), (9, 0)]).tobytes())
    data[36:40] = struct.pack(">i", 2**31 - 1)
    (tmp_path / "a.roi").write_bytes(data)
    with pytest.raises(InputError, match=r"it is no region of ImageJ"):
        read_rois(tmp_path / "a.roi")


def test_an_archive_of_something_else_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"hello")
    with pytest.raises(InputError, match=r"a\.zip' is no set of regions: File is not a zip file; save it again"):
        read_rois(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "-")
    with pytest.raises(InputError, match=r"a\.zip' holds no \.roi file; save one from the ROI Manager"):
        read_rois(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("slide.geojson", "{}")
    with pytest.raises(InputError, match=r"a\.zip' holds 'slide\.geojson' and no region of ImageJ; unpack it and give"):
        read_rois(path)
