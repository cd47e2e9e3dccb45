"""From findings to Insights: told once, whatever is interrupted, and withdrawn where they were none."""
