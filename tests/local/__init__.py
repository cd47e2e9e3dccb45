"""The whole stack on one machine: the real template.yaml on an AWS emulator, driven by `python -m tests.local`."""
