"""Whole accounts as values, made without a server: what a reference landing zone holds, and what benchmarks judge."""
