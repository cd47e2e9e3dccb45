"""The presets: saved queries that come with every deployment. What they are is data, in ``presets.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from trailkeep.saved_queries.saved_query import CUSTOM, SavedQuery

PREFIX = "preset-"
CATEGORIES = ("identity", "keys", "permissions", "audit", "network", "compute", "data", "investigation")


@cache
def presets() -> Mapping[str, SavedQuery]:
    """The presets by their IDs, in the order of the file."""
    listed = tomllib.loads((files(__package__) / "presets.toml").read_text(encoding="utf-8"))["preset"]
    made = [{"mode": CUSTOM, "preset": True, "shared": True, **each, "query": each["query"].strip()} for each in listed]
    return {saved.id: saved for saved in msgspec.convert(made, list[SavedQuery])}
