"""What is unusual: detectors over the history in the lake. Each is a pure function of that history."""
