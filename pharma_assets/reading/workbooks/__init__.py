"""Workbooks of every age: xls, xlsx, xlsb and ods, each by two engines, with the facts that engines leave out."""
