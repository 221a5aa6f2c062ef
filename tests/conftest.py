"""What holds for every test: how long one takes is no result, on machines that others use too."""

from hypothesis import settings

settings.register_profile("prooftrail", deadline=None)
settings.load_profile("prooftrail")
