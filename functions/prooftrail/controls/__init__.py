"""Pure: the control map, its checks, and what becomes of a result."""
