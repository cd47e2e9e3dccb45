"""How schemathesis sends lines of JSON, which it does not know: as the text that it made up."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_: schemathesis.SerializationContext, value: object) -> bytes:
    """The body for a generated value."""
    return str(value).encode(errors="replace")
