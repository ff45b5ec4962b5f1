"""Advice about recipes: rules that a valid spec can break and still train badly. Nothing here loads a framework."""
