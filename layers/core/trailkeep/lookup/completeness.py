"""What an answer rests on, as every answer states it: so that an empty one never passes for a failure."""

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.events.timestamps import format_micros, format_time
from trailkeep.lake.parts import Reading
from trailkeep.lake.storage import Bucket
from trailkeep.lake.watermark import read_watermark


def completeness(lake: Bucket, reading: Reading, as_of: int, who: Principal) -> dict[str, object]:
    """The member ``completeness`` of an answer about the lake at ``as_of``, in microseconds.

    Tokens narrowed to accounts or regions get no counts of what they may not see.
    """
    watermark = reading.watermark if reading.has_watermark else read_watermark(lake)
    stated: dict[str, object] = {
        "complete": not reading.failures,
        "asOf": format_micros(as_of),
        "watermark": format_time(watermark) if watermark else None,
    }
    if who.accounts == EVERYTHING and who.regions == EVERYTHING:
        stated |= {
            "partitions": len(reading.partitions),
            "objectsRead": reading.objects,
            "bytesRead": reading.bytes,
        }
    return stated | {"failures": reading.failures}
