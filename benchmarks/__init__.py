"""What the platform costs beside the least it could cost: run as `python -m benchmarks.<name>`."""
