"""The report an auditor opens: one page without a network."""
