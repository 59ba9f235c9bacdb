"""The way back of rejected rows: out as a workbook that people can correct, and in again as corrections."""
