"""Telling people what waits for them: what is new since they were last told, as one message, not one for each file.

What a person must act on stands in the registry, so that is what is asked; Dagster adds what is wrong with the platform
itself (`defs/alerts.py`). A message that cannot be sent stops nothing and is tried again.
"""
