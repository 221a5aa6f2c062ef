"""What the simulated organization holds: written straight into moto's backends, so that dates may lie in the past."""
