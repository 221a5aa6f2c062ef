"""Makes one large account and its run's context, and writes both as they are sealed: SIZE identities into FILE."""

import sys
from pathlib import Path

import msgspec

from prooftrail.demo.reference.organization import RUN, inside
from prooftrail.demo.reference.population import population

if __name__ == "__main__":
    made, context = population(int(sys.argv[1]))
    snapshot = made.snapshot(run=RUN, organization=inside(context.accounts), governance=context.governance)
    with Path(sys.argv[2]).open("wb") as out:
        for one in (context, *snapshot.lines()):
            out.write(msgspec.json.encode(one) + b"\n")
