"""What takes minutes: a million events. `make test-heavy` runs these tests, `make test` passes them over."""
