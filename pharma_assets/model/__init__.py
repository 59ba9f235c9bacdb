"""The words of the domain. No I/O, no database, no Dagster; every other package may import this one."""
