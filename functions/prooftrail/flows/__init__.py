"""What happens, in order. A flow reads like its docstring; everything outside comes through a port."""
