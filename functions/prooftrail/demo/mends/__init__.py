"""Answers moto gets wrong or does not give, as AWS gives them: one file per service, each a table of operations."""
