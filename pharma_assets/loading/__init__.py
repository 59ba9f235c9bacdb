"""Result files, and rows into `raw.primary_data`."""
