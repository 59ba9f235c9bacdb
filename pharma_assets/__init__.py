"""Takes in the reports of pharma distributors and pharmacy chains: from an inbox folder to raw.primary_data."""
