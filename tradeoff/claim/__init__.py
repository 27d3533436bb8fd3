"""A claim: one published number with what it takes to plan against it, in files that can each be verified.

`claim` makes one of a Run and an objective, `Claim.save` writes its bundle, `read_claim` reads any file of a bundle
back and says whether it is as it was written. `tradeoff.claim.data` says what is hashed, and ``claim.schema.json``,
which `claim_schema` returns, what a claim holds.
"""

from tradeoff.claim.bundle import save_claims
from tradeoff.claim.claim import Claim, claim
from tradeoff.claim.errors import ClaimChangedError, ClaimError, NoPicturesWarning
from tradeoff.claim.schema import claim_schema
from tradeoff.claim.verify import read_claim

__all__ = [
    "Claim",
    "ClaimChangedError",
    "ClaimError",
    "NoPicturesWarning",
    "claim",
    "claim_schema",
    "read_claim",
    "save_claims",
]
