"""Bytes of a report → sheets of text cells with their coordinates. No layout, no client and no database here.

`document.read_document` is the way in, `sheet` holds what comes out.
"""
