"""The reference lists: who a supplier is to us, and what kind of buyer a client is. Imported, kept in versions, and
told to reports when they are loaded. What a layout says of these columns is its own affair, and wins."""
