"""A layout tried on what is there already, in memory: nothing is written, neither to the database nor to a folder."""
