"""Pure: what a principal can do, who can come in, and the risk that follows."""
