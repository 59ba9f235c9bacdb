"""The platform's PostgreSQL: the embedded server, URLs and connections, migrations.

What the tables mean belongs to `registry` and `loading`; nothing here knows a file or a report.
"""
