"""The pack in OSCAL, for tools that speak it."""
