"""Invented suppliers: what their reports are called by, look like and mean, to measure how well layouts are drafted.

`development.yaml` is what the drafting was built with. `held_out.yaml` was written before its vocabulary, by other names,
words and habits, and nothing was ever tuned on it. Nothing in them is a real company, person or report.
"""
