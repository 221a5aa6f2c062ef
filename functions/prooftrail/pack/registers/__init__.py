"""Every register of a pack: whence its rows come, and the two forms they are written in."""
