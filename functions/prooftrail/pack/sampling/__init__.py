"""Samples that anybody can draw again, and the record of each draw."""
