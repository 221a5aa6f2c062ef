"""How ready an organization will be on the day of an audit."""
