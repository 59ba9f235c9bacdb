"""Invented suppliers: what their reports look like and mean, to measure how well layouts are drafted.

`development.yaml` is what the drafting was built with, `seen.yaml` were held out until they had taught something, and
`held_out.yaml` was written before its first measurement, and nothing was ever changed for it. Nothing in them is a real
company, person or report.
"""
