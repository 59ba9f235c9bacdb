"""Client scripts of the original workflow: found, given their working folder, run under limits (CONTRACT §4)."""
