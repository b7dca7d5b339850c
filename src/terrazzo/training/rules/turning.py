"""May what is measured be turned and mirrored in training?"""

from __future__ import annotations

import logging

from terrazzo.regions.statistics.statistic import FeatureSet

_log = logging.getLogger(__name__)


def turning(asked: bool, features: FeatureSet) -> bool:
    """Return whether training turns what it sees: if that is asked for and no feature knows directions."""
    directed = [statistic.name for statistic in features if statistic.directed]
    if asked and directed:
        _log.warning("nothing is turned or mirrored in training, since %s knows directions", " and ".join(directed))
    return asked and not directed
