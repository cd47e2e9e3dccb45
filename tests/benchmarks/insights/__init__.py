"""How good the Insights are: labelled accounts are generated, detectors and simple peers look for what was planted."""
