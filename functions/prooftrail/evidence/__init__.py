"""What makes sealed bytes evidence: redaction, Merkle root, manifest, chain, and their verification. Pure."""
