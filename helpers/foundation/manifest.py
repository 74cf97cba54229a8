"""Manifests of runs: read, checked for their form; a damaged one is named and its run passed over.

What lies on disk may have been cut short, edited or restored in part. Whoever reads a manifest gets one of the declared
form, an empty one where there is none, or one in the state ``damaged`` whose reason says what is wrong.
"""

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from helpers.foundation.errors import one_line

FILE, DAMAGED = "manifest.json", "damaged"


def _iso_date(text: str) -> str:
    return date.fromisoformat(text).isoformat() if text else ""


class StepFacts(BaseModel):
    """What a manifest holds of one step; it may hold more."""

    model_config = ConfigDict(strict=True, extra="allow")

    state: str
    reason: str = ""
    seconds: float = 0.0
    rows: dict[str, int] = {}
    reads: list[str] = []


class Manifest(BaseModel):
    """What a manifest holds, each where it is known; it may hold more."""

    model_config = ConfigDict(strict=True, extra="allow")

    run: str = ""
    source: str = ""
    state: str = ""
    reason: str = ""
    as_of: Annotated[str, AfterValidator(_iso_date)] = ""
    number: int = 0
    started_at: str = ""
    seconds: float = 0.0
    parameters: dict[str, Any] = {}
    study: dict[str, Any] = {}
    profile: str = ""
    data: str = ""
    revision: str = ""
    raw: dict[str, dict[str, Any]] = {}
    raw_folder: str = ""
    ended: dict[str, str] = {}
    steps: dict[str, StepFacts] = {}
    gates: list[dict[str, Any]] = []
    stale: list[str] = []
    erasures: list[dict[str, Any]] = []


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a run's manifest, empty where there is none.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    dict
        In the declared form; where it is not, ``state`` is ``damaged`` and ``reason`` says what is wrong.
    """
    path = folder / FILE
    try:
        if not os.path.lexists(path):
            return {}
        told = json.loads(path.read_bytes())
        Manifest.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        return _damaged(f"{place}: {str(first['msg']).lower()}")
    except (ValueError, RecursionError) as error:
        return _damaged(f"it is no JSON ({error})")
    except OSError as error:
        return _damaged(str(error.strerror))
    return told


def whole_manifest(folder: Path) -> dict[str, Any]:
    """Return a run's manifest with everything that is declared in it, empty where it is not known."""
    return {**Manifest().model_dump(), **read_manifest(folder)}


def _damaged(reason: str) -> dict[str, Any]:
    return {"state": DAMAGED, "reason": one_line(f"{FILE}: {reason}")}


def run_order(told: Mapping[str, Any], folder: Path) -> tuple[int, str, str]:
    """Return what runs are ordered by; those from before runs had numbers come first, by their start."""
    return told.get("number", 0), told.get("started_at", ""), folder.name
