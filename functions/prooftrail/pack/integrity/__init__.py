"""What proves a pack: its statement, the policy in force, the verifier and how to use it."""
