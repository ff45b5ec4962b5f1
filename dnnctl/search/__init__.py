"""What a sweep tries, which trials it stops, and what it claims in the end."""
