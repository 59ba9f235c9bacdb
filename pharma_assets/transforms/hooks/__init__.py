"""`hooks.py` beside a layout: up to three functions, DataFrame → DataFrame, for what facts alone cannot say.

`source` reads and calls them, `frames` makes their frames and takes them back, `steps` puts them into a report's way.
"""
