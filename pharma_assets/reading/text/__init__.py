"""Text files: the encoding, the dialect, the records with their lines."""
