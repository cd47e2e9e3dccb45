"""``/v1/health``: ready or not."""

from typing import Any

from trailkeep.openapi.operations import answer, operation
from trailkeep.openapi.shapes import Schema, flag, or_null, record, ref, text, time, whole

TAG = "Health"

SCHEMAS: dict[str, Schema] = {
    "Ready": record(
        {
            "ready": flag("Whether the lake answers.", const=True),
            "watermark": or_null(time("Everything that landed before it is in the lake; null before the first sweep.")),
            "lagSeconds": or_null(whole("How far that lies behind the clock.", least=None)),
        }
    ),
    "NotReady": record({"ready": flag(const=False), "reason": text("The code of the error that was met.")}),
}

PATHS: dict[str, Any] = {
    "/v1/health": {
        "get": operation(
            "getHealth",
            "Ready or not",
            "Whether the lake answers, and how far behind it is. Open to anyone, so it tells nothing else.",
            tag=TAG,
            scope=None,
            answers={
                "200": answer(
                    "Ready.",
                    ref("Ready"),
                    {"ready": True, "watermark": "2026-03-02T11:58:41Z", "lagSeconds": 79},
                ),
                "503": answer("Not ready.", ref("NotReady"), {"ready": False, "reason": "StorageUnavailable"}),
            },
        )
    }
}
