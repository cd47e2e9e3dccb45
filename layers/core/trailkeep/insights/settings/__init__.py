"""What people set for detection: types, sensitivity, networks that are allowed; and what is ready."""
