"""The Dagster shell: assets, checks, partitions, jobs and the sensor. Thin; the work is done elsewhere."""
