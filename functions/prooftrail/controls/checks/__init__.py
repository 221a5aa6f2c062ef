"""One family of checks a file; `prooftrail.controls.evaluate` holds the table of them all."""
