"""From one sample file to a proposed layout: what each column may be, how surely, and what else it may be.

Pure functions over documents; asking, writing and printing are done elsewhere. Nothing here decides for the engine:
what is proposed becomes a `layout.yaml` that a person reads, and only that counts.
"""
