"""Page one and what stands beside it: scope, README and data dictionary."""
