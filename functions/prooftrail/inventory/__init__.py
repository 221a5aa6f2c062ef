"""Says what was read means: which identities there are, what each is, whose it is, and what changed. Pure."""
