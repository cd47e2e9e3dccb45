"""The index: where in the compacted objects a value stands, told by a few small reads. Derived, so never the truth.

``docs/index.md`` describes the format. Modules that build (``arrays``, ``…_writer``, ``scan``, ``sources`` and what
imports them) need numpy; those that look up do not.
"""
