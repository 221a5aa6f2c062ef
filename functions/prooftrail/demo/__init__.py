"""A whole AWS Organization on loopback: what `prooftrail demo` scans and what integration tests are built on."""
