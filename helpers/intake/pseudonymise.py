"""Pseudonymisation: personal columns are dropped or keyed-hashed before anything is stored."""

from collections.abc import Collection
from fnmatch import fnmatchcase

import pyarrow as pa
import pyarrow.compute as pc

from helpers.foundation import hash_key
from helpers.foundation.errors import InputError, spelling_hint
from helpers.intake import pii_in_text
from helpers.intake.profile_schema import Mask
from helpers.intake.profiles import Profile

BETWEEN = "\x1f"

WITHHELD = "withheld: the file has personal columns"


def profile_key(profile: Profile) -> str:
    """Return the key of the hashes, empty where a profile hashes nothing."""
    is_hashed = any(file.mask.hash or file.mask.person_key for file in profile.files.values())
    return id_key(profile.simulation is not None) if is_hashed else ""


def id_key(is_simulated: bool) -> str:
    """Return the key with which ids are hashed; a simulated company has no secrets and needs none."""
    return "simulated" if is_simulated else hash_key.hash_secret()


def unmasked_columns(mask: Mask, names: list[str], where: str, key: str) -> list[str]:
    """Return the columns that are left of a file's own, with ``person_key`` behind where people are hashed.

    Raises
    ------
    InputError
        If a masked column does not exist, or the key of the hash is not known.
    """
    for name in sorted({*mask.columns, *mask.free_text}):
        if name not in names:
            raise InputError(f"{where}.mask", f"there is no column '{name}'", spelling_hint(name, names))
    if (mask.hash or mask.person_key) and not key:
        raise InputError(f"{where}.mask", f"the environment variable {hash_key.HASH_KEY} is not set",
                         "a secret of your own")
    left_out = {*mask.drop, *mask.person_key} - set(mask.hash)
    return [n for n in names if n not in left_out] + (["person_key"] if mask.person_key else [])


def mask_batch(mask: Mask, batch: pa.RecordBatch, key: str, written: Collection[str] = ()) -> pa.RecordBatch:
    """Return a batch of text columns with personal ones hashed; those left out are still to be left out.

    Parameters
    ----------
    mask : Mask
        The file's personal columns.
    batch : RecordBatch
        Text columns.
    key : str
        Of the hashes.
    written : collection of str
        Columns of free text, or patterns, in any case; e-mail addresses, phone and card numbers in them are replaced.
    """
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    if mask.person_key:
        tidy = [pc.utf8_lower(pc.utf8_trim_whitespace(arrays[n].fill_null(""))) for n in mask.person_key]
        joined = pc.binary_join_element_wise(*tidy, BETWEEN)
        is_nobody = pc.equal(joined, BETWEEN * (len(tidy) - 1))
        arrays["person_key"] = _hashed(pc.if_else(is_nobody, pa.scalar(None, pa.string()), joined), key)
    arrays |= {name: _hashed(pc.utf8_trim_whitespace(arrays[name]), key) for name in mask.hash}
    patterns = [pattern.lower() for pattern in written]
    arrays |= {name: pii_in_text.mask_texts(texts) for name, texts in arrays.items()
               if any(fnmatchcase(name.lower(), pattern) for pattern in patterns)}
    return pa.record_batch(list(arrays.values()), list(arrays))


def _hashed(texts: pa.Array, key: str) -> pa.Array:
    """Return the keyed hash of each text, computed once for each distinct one; empty stays empty."""
    coded = texts.dictionary_encode()
    digests = [hash_key.keyed_hash(t, key) for t in coded.dictionary.to_pylist()]
    return pa.array(digests, pa.string()).take(coded.indices)
