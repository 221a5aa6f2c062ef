"""What a policy may refer to, handed in as data: the control map stands above this room."""

from collections.abc import Mapping

import msgspec

from .thresholds import ByTier, LimitKey


class KnownControls(msgspec.Struct, frozen=True, kw_only=True):
    """The controls there are, those that may be excepted, every threshold with its default, and the risk model's version."""

    controls: frozenset[str]
    exceptable: frozenset[str]
    thresholds: Mapping[LimitKey, ByTier[int | bool]]
    risk_model: str | None = None
