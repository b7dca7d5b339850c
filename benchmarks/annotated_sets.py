"""The other annotated sets, split by image, section or subject: nothing in the test was seen, nor its neighbours.

python benchmarks/annotated_sets.py [SET ...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from microscopy import Pair, fit_and_score, pairs_of

import terrazzo as tz

NETWORK, TRAINING = tz.LatticeSettings(), tz.LatticeTraining(seconds=150)


def by_subject(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Rats 5 and 6 are scored, rats 1 to 4 fitted on."""
    scored = ("sub-rat5", "sub-rat6")
    return [p for p in pairs if not p[0].name.startswith(scored)], [p for p in pairs if p[0].name.startswith(scored)]


def by_section(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Sections 0 to 8 are fitted on and 11 to 13 scored; two between are left out."""
    return pairs[:9], pairs[11:]


def last(share: int) -> Callable[[list[Pair]], tuple[list[Pair], list[Pair]]]:
    """The last `share` images by name are scored."""
    return lambda pairs: (pairs[:-share], pairs[-share:])


SETS = {
    "axon-sem": (("background", "myelin", "axon"), by_subject, 8),
    "bbbc039": (("background", "nucleus"), last(6), 6),
    "drosophila-ovary": (("background", "follicle", "nurse", "cytoplasm"), last(1), 8),
    "vnc-sstem": (("membrane", "glia", "mitochondrion", "synapse", "intracellular"), by_section, 8),
}


def main() -> None:
    for name in sys.argv[1:] or SETS:
        class_names, split, size = SETS[name]
        train, test = split(pairs_of(name))
        report = fit_and_score(train, test, class_names, size, NETWORK, TRAINING)
        print(json.dumps({"set": name, "size": size, **report}), flush=True)


if __name__ == "__main__":
    main()
