"""Study configuration from TOML: sections with validated types, bounds and defaults; economics."""

import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from helpers.foundation.errors import InputError, spelling_hint


class Section(BaseModel):
    """Base of every section: frozen, strict about types, closed to unknown keys.

    Each field has a default and a description that ends with its unit in square brackets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    _set_elsewhere: dict[str, str] = PrivateAttr(default_factory=dict)

    def with_values(self, values: Mapping[str, Any], set_by: str) -> Self:
        """Return the section with values that neither the study nor a default sets, and what does."""
        made = self.model_copy(update=dict(values))
        made._set_elsewhere = {**self._set_elsewhere, **dict.fromkeys(values, set_by)}
        return made

    def set_by(self, name: str) -> str:
        """Return what sets a value: ``study``, ``default``, or what `with_values` was told."""
        return self._set_elsewhere.get(name) or ("study" if name in self.model_fields_set else "default")

    def table(self) -> pd.DataFrame:
        """Return the assumptions: name, value, meaning, and what sets it: the study, the default, or what else."""
        rows = [
            {"assumption": name, "value": _value_in_words(getattr(self, name)), "meaning": info.description or "",
             "set_by": self.set_by(name)}
            for name, info in type(self).model_fields.items()
        ]
        return pd.DataFrame(rows, columns=["assumption", "value", "meaning", "set_by"])


def _value_in_words(value: Any) -> str:
    if value is None or value in ("", (), [], {}):
        return "none"
    if isinstance(value, dict) and all(isinstance(part, BaseModel) for part in value.values()):
        return ", ".join(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_value_in_words(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class Economics(Section):
    """Section ``[economics]``: what money means in every wing."""

    margin_rate: float = Field(
        0.3, gt=0, le=1, description="share of net sales that is margin where no unit cost is known [share]")
    discount_rate: float = Field(
        0.1, ge=0, lt=1, description="yearly rate at which future margin is discounted [share a year]")
    contact_cost: float = Field(1.0, ge=0, description="cost of contacting one customer once [money]")
    offer_cost: float = Field(10.0, ge=0, description="cost of one retention offer that is taken up [money]")
    offer_uptake: float = Field(
        0.3, gt=0, lt=1, description="share of those contacted who take up an offer, assumed until measured [share]")
    materiality: float = Field(
        1000.0, ge=0, description="difference in money below which two choices count as equal [money]")


class LabelsConfig(Section):
    """Section ``[labels]``: what people call the ids of the records; another id is shown without underscores."""

    items: dict[str, str] = Field({}, description="survey items, by id")
    channels: dict[str, str] = Field({}, description="channels of sales, contacts, answers and acquisition, by name")
    tiers: dict[str, str] = Field({}, description="tiers of value and of the programme, by name")
    features: dict[str, str] = Field({}, description="attributes, covariates and other columns, by name")

    def by_id(self) -> dict[str, str]:
        """Return every label by the id that it stands for."""
        return {**self.features, **self.tiers, **self.channels, **self.items}


class StudyHeader(Section):
    """The keys at the top of a study file."""

    name: str = Field(default="defaults", description="name of the study")
    title: str = Field(default="Defaults: nothing is declared", description="one line for people")
    time_zone: str = Field(
        default="UTC", description="zone in which all times are told; those with an offset are converted")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        """Refuse a zone that is unknown."""
        if name != "UTC" and name not in zoneinfo.available_timezones():
            raise ValueError(f"no such time zone ({spelling_hint(name, sorted(zoneinfo.available_timezones()))})")
        return name


SectionType = TypeVar("SectionType", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Study:
    """A company's assumptions as read from ``data/studies/<name>.toml``.

    Parameters
    ----------
    about : StudyHeader
        Name, title, time zone.
    sections : mapping
        Raw sections by name; a wing asks for its own with `section`.
    where : str
        The file, for error sentences.
    """

    about: StudyHeader = field(default_factory=StudyHeader)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    where: str = "study"

    def section(self, name: str, kind: type[SectionType]) -> SectionType:
        """Return one section, validated; an absent section is all defaults.

        Raises
        ------
        InputError
            Naming every unknown key with the nearest known one, and every value that is not allowed.
        """
        return validate_model(kind, dict(self.sections.get(name, {})), f"{self.where} [{name}]")

    @property
    def economics(self) -> Economics:
        """The section that every wing shares."""
        return self.section("economics", Economics)


def validate_model(kind: type[SectionType], values: Mapping[str, Any], where: str) -> SectionType:
    """Return a pydantic model from plain values.

    Raises
    ------
    InputError
        One sentence for all problems together.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(where, "; ".join(_error_sentence(kind, e) for e in error.errors())) from None


def _error_sentence(kind: type[BaseModel], error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key '{place}' ({spelling_hint(str(error['loc'][-1]), _known_keys(kind, error['loc'][:-1]))})"
    if error["type"] == "missing" and isinstance(error["loc"][-1], int):  # a list of fixed length is too short
        whole = place.rpartition(".")[0]
        return f"{whole} = {error['input']!r}: more values are needed, written in brackets: {whole} = [a, b]"
    if error["type"] == "missing":
        return f"the key '{place}' is missing"
    if error["type"] == "too_long":
        most = error["ctx"]["max_length"]
        return f"{place} = {error['input']!r}: at most {most} values are allowed, written in brackets: {place} = [a, b]"
    if error["type"] in ("list_type", "tuple_type"):
        return f"{place} = {error['input']!r}: several values are needed, written in brackets: {place} = [a, b]"
    return f"{place} = {error['input']!r}: {str(error['msg']).lower()}"


def _known_keys(kind: type[BaseModel], place: tuple[Any, ...]) -> list[str]:
    for part in place:
        info = kind.model_fields.get(str(part))
        for inner in nested_models(info.annotation) if info else ():
            kind = inner
    return [info.alias or name for name, info in kind.model_fields.items()]


def nested_models(annotation: Any) -> list[type[BaseModel]]:
    """Return the pydantic models that a field's annotation names, wherever they stand within it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in nested_models(inner)]


def read_study_file(path: Path) -> Study:
    """Return the study in a TOML file.

    Raises
    ------
    InputError
        If the file is not TOML, or a key at its top is unknown.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"studies/{path.name}", f"not readable as TOML ({error})") from None
    sections = {k: v for k, v in content.items() if isinstance(v, dict)}
    top = {k: v for k, v in content.items() if k not in sections}
    return Study(validate_model(StudyHeader, top, f"studies/{path.name}"), sections, f"studies/{path.name}")
