"""The detectors: for each type of Insight a pure function, from a scene to what is unusual in it."""

from collections.abc import Callable, Iterator, Mapping

from trailkeep.insights.detectors import calls, changes, errors, ip, keys
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Scene

DETECTORS: Mapping[str, Callable[[Scene], Iterator[Finding]]] = {
    ip.INSIGHT_TYPE: ip.detect,
    keys.INSIGHT_TYPE: keys.detect,
    calls.INSIGHT_TYPE: calls.detect,
    errors.INSIGHT_TYPE: errors.detect,
    **{insight_type: changes.detector(insight_type) for insight_type in changes.TYPES},
}
"""The types of Insight, each with the function that finds it."""
