"""Saved queries: searches under a name, with parameters, of one's own, shared, or shipped as presets."""
