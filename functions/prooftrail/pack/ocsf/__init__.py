"""The findings as OCSF events, for tools that speak it."""
