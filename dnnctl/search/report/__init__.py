"""The report on a sweep: its trials, parameters and claim as one HTML file."""
