"""Where a row comes from: file, sheet, cell, rule; and what became of a source row. Reads only."""
