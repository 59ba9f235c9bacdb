"""Layouts and what they do: a document of text cells becomes a report in the target schema. No database, no Dagster."""
