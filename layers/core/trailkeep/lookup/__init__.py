"""A question over a window of time → pages of events, newest or oldest first, each event once."""
