"""Moving in: what the original workflow has registered and loaded becomes ours."""
