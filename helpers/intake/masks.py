"""Masks: personal columns are dropped or keyed-hashed before anything is stored."""

import hashlib
import hmac
import os

import pyarrow as pa
import pyarrow.compute as pc

from helpers.foundation.errors import InputError, nearest
from helpers.intake.grammar import Mask
from helpers.intake.profiles import Profile

HASH_KEY = "LOYALTY_HASH_KEY"
BETWEEN = "\x1f"
WITHHELD = "withheld: the file has personal columns"


def secret(profile: Profile) -> str:
    """Return the key of the hash: the environment's; a simulated company has no secrets and needs none."""
    return os.environ.get(HASH_KEY, "") or ("simulated" if profile.simulation else "")


def columns(mask: Mask, names: list[str], where: str, key: str) -> list[str]:
    """Return the columns that are left of a file's own, with ``person_key`` behind where people are hashed.

    Raises
    ------
    InputError
        If a masked column does not exist, or the key of the hash is not set.
    """
    for name in sorted(mask.columns):
        if name not in names:
            raise InputError(f"{where}.mask", f"there is no column '{name}'", nearest(name, names))
    if (mask.hash or mask.person_key) and not key:
        raise InputError(f"{where}.mask", f"the environment variable {HASH_KEY} is not set", "a secret of your own")
    left_out = {*mask.drop, *mask.person_key} - set(mask.hash)
    return [n for n in names if n not in left_out] + (["person_key"] if mask.person_key else [])


def applied(mask: Mask, batch: pa.RecordBatch, key: str) -> pa.RecordBatch:
    """Return a batch of text columns with personal ones hashed; those left out are still to be left out."""
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    if mask.person_key:
        tidy = [pc.utf8_lower(pc.utf8_trim_whitespace(arrays[n].fill_null(""))) for n in mask.person_key]
        joined = pc.binary_join_element_wise(*tidy, BETWEEN)
        is_nobody = pc.equal(joined, BETWEEN * (len(tidy) - 1))
        arrays["person_key"] = _hashed(pc.if_else(is_nobody, pa.scalar(None, pa.string()), joined), key)
    arrays |= {name: _hashed(pc.utf8_trim_whitespace(arrays[name]), key) for name in mask.hash}
    return pa.record_batch(list(arrays.values()), list(arrays))


def _hashed(texts: pa.Array, key: str) -> pa.Array:
    """Return the keyed hash of each text, computed once for each distinct one; empty stays empty."""
    coded = texts.dictionary_encode()
    secret = key.encode()
    digests = [hmac.new(secret, t.encode(), hashlib.sha256).hexdigest()[:32] for t in coded.dictionary.to_pylist()]
    return pa.array(digests, pa.string()).take(coded.indices)
