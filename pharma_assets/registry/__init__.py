"""`ops.file_registry`: what is known of every file that ever arrived, what is due, and who is working on what."""
