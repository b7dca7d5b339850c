"""A LIF file, written by hand: its XML, then a block of bytes for each image."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = {"x": 1, "y": 2, "z": 3, "t": 4}


def write_lif(path: Path, images: dict[str, tuple[str, NDArray[np.uint8]]], metres: float = 0.5e-6) -> None:
    """Write images of uint8 by name, each with its axes, "c" after "y" and "x" being planes, such as "zcyx"."""
    elements, blocks = [], []
    for number, (name, (axes, values)) in enumerate(images.items()):
        strides = dict(zip(axes, np.ascontiguousarray(values).strides, strict=True))
        lengths = dict(zip(axes, values.shape, strict=True))
        channels = "".join(
            f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="8" NameOfMeasuredQuantity="" Min="0" '
            f'Max="255" Unit="" LUTName="lut {channel}" IsLUTInverted="0" '
            f'BytesInc="{channel * strides.get("c", 0)}" BitInc="0"/>'
            for channel in range(lengths.get("c", 1))
        )
        dimensions = "".join(
            f'<DimensionDescription DimID="{DIMENSIONS[axis]}" NumberOfElements="{lengths[axis]}" Origin="0" '
            f'Length="{(lengths[axis] - 1) * metres}" Unit="m" BytesInc="{strides[axis]}" BitInc="0"/>'
            for axis in axes
            if axis != "c"
        )
        elements.append(
            f'<Element Name="{name}" UniqueID="{number}"><Data><Image><ImageDescription><Channels>{channels}</Channels>'
            f"<Dimensions>{dimensions}</Dimensions></ImageDescription></Image></Data>"
            f'<Memory Size="{values.nbytes}" MemoryBlockID="block{number}"/></Element>'
        )
        block = f"block{number}".encode("utf-16-le")
        head = struct.pack("<IIBQBI", 0x70, len(block) + 14, 0x2A, values.nbytes, 0x2A, len(block) // 2)
        blocks.append(head + block + np.ascontiguousarray(values).tobytes())
    children = f"<Children>{''.join(elements)}</Children>"
    xml = f'<LMSDataContainerHeader Version="2"><Element Name="all">{children}</Element></LMSDataContainerHeader>'
    text = xml.encode("utf-16-le")
    path.write_bytes(struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(text) // 2) + text + b"".join(blocks))
