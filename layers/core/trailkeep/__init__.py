"""Trailkeep: the audit trail that people own.

The way of an event, in the order of the packages that carry it:

``events``    bytes of a log object → records → normalised, masked rows (pure)
``lake``      rows → Parquet objects under ``events/region=/date=`` and the small state beside them
``delivery``  one landing object, from its first byte to its commit; ``sweep`` finds what no notification announced
``ingest``    ``POST /v1/events`` → a landing object
``lookup``    a question → pages of events
``insights``  the history in the lake → what is unusual
``access``    tokens, principals and what each may do
``api``       HTTP in, HTTP out: routing, errors, limits

Imports point one way: functions → capabilities → ``lake`` → ``events``.
"""

__version__ = "0.1.0"
