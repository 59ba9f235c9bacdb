"""Tables in markup: HTML pages and web archives that are called .xls, and XML Spreadsheet 2003."""
