"""Invented reports for the demo, the tests and the benchmarks. Nothing in them is a real company or person."""
