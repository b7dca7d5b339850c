"""Mutations of bytes, of JSON and of TIFF directories: the same for the same generator."""

import json
import struct

SIZES = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    65536,
    2**31 - 1,
    2**31,
    2**32,
    2**40,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    10**30,
    -(2**63),
)
TEXTS = ("", "x", "\x00", "../../..", "/etc/passwd", "a" * 5000, "bytes", "float128", "<M8[ns]", "|O", "<U9", "NaN")
OTHERS = (None, True, False, 0.5, -0.0, 1e308, 1e-308, [], {}, [[]], [0], [-1], [1] * 300, {"name": "x"}, {"": {}})
PLACE = "\u2603 in its place"


def mutated_json(text, random):
    """Return a JSON document with a few of its values replaced, removed, doubled or nested too deep."""
    document = [json.loads(text)]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        _mutate_value(document, random)
    written = json.dumps(document[0])
    deep = random.choice((50, 1000, 200_000))
    return written.replace(json.dumps(PLACE), "[" * deep + "]" * deep)


def mutated_bytes(content, random):
    """Return bytes with some flipped, removed, repeated, inserted or cut off."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        at, length = random.randrange(len(content) + 1), random.choice((1, 1, 2, 4, 8, 50))
        how = random.randrange(6)
        if how == 0:
            content[at : at + length] = random.randbytes(length)
        elif how == 1:
            del content[at : at + length]
        elif how == 2:
            content[at:at] = content[at : at + length] * random.choice((1, 30))
        elif how == 3:
            content[at : at + length] = bytes([random.choice((0, 255, 34, 123))]) * length
        elif how == 4:
            content[at : at + 8] = (random.choice(SIZES) % 2**64).to_bytes(8, "little")
        elif random.random() < 0.3:
            del content[at:]
    return bytes(content)


def mutated_tiff(content, random):
    """Return a little-endian TIFF with changes to its header, its directories or what lies between them."""
    content = bytearray(content)
    big = content[2] == 43
    places = _directory_fields(content, big)
    for _ in range(random.choice((1, 1, 2, 3))):
        if random.random() < 0.8:
            at, code = random.choice(places)
            length = struct.calcsize(code)
            value = random.choice((*SIZES, random.getrandbits(16), len(content), *(place for place, _ in places[:3])))
            if random.random() < 0.4:  # close to what it was
                value = struct.unpack_from(f"<{code}", content, at)[0] + random.choice((-1, 1, 2, 100))
            content[at : at + length] = (value % 2 ** (8 * length)).to_bytes(length, "little")
        else:
            at = random.randrange(len(content))
            content[at] = random.getrandbits(8)
    return bytes(content) if random.random() < 0.9 else bytes(content[: random.randrange(len(content))])


def _mutate_value(document, random):
    places = list(_places(document))
    holder, key = random.choice(places)
    how = random.random()
    if how < 0.1 and holder is not document:
        del holder[key]
    elif how < 0.2:
        other, name = random.choice(places)
        holder[key] = json.loads(json.dumps(other[name]))
    elif how < 0.25:
        holder[key] = PLACE
    elif how < 0.35 and isinstance(holder[key], list):
        holder[key] = holder[key] * random.choice((0, 2, 50))
    elif how < 0.75 and isinstance(holder[key], int | float):
        holder[key] = random.choice(SIZES)
    elif how < 0.75 and isinstance(holder[key], list) and holder[key]:
        holder[key] = [random.choice(SIZES) for _ in holder[key]]
    else:
        # a copy: what is changed next may be inside it
        holder[key] = json.loads(json.dumps(random.choice((*SIZES, *TEXTS, *OTHERS))))


def _places(value):
    """Yield where each value of a document stands, as what holds it and its key there."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _directory_fields(content, big):
    """Return the offset and the code of each number in the header and in the directories of a TIFF."""
    count_code, offset_code, entry = ("Q", "Q", 20) if big else ("H", "I", 12)
    pointer = 8 if big else 4
    fields = [(2, "H"), (pointer, offset_code)]
    for _ in range(20):
        (start,) = struct.unpack_from(f"<{offset_code}", content, pointer)
        if not 0 < start < len(content):
            break
        (count,) = struct.unpack_from(f"<{count_code}", content, start)
        first = start + struct.calcsize(count_code)
        for at in range(first, first + count * entry, entry):
            value = at + 4 + struct.calcsize(offset_code)
            fields += [(at, "H"), (at + 2, "H"), (at + 4, offset_code), (value, offset_code)]
        pointer = first + count * entry
        fields += [(start, count_code), (pointer, offset_code)]
    return fields
