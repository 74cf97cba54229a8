"""Parts of a source profile, each closed to unknown keys; `helpers.intake.profiles` explains every key."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

REMOTE = ("https://", "http://", "s3://", "gs://")

SERVERS = ("postgresql", "snowflake", "bigquery", "flightsql")

LONGEST_NAME = 255  # characters of a file's name, as file systems have it

SAME_SIGN = {"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"}


class ProfilePart(BaseModel):
    """Base of every part of a profile: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Simulation(ProfilePart):
    """Section ``[simulation]``: the source makes its own files where they are absent."""

    customers: int = Field(gt=0, description="size of the company [customers]")
    seed: int = Field(description="seed of the draw")


class Mask(ProfilePart):
    """Personal columns of a file; none of them is ever stored."""

    drop: list[str] = Field(default=[], description="columns that are left out")
    hash: list[str] = Field(default=[], description="columns that are replaced by their keyed hash")
    person_key: list[str] = Field(
        default=[], description="columns that are hashed together into person_key and left out")
    free_text: list[str] = Field(
        default=[], description="columns in which addresses, phone and card numbers are replaced")

    @property
    def columns(self) -> set[str]:
        """Names of the columns that hold nothing but personal data."""
        return {*self.drop, *self.hash, *self.person_key}


class FillDown(ProfilePart):
    """Fields that are given on the first line of several records only, such as those of an order's head."""

    columns: list[str] = Field(min_length=1, description="columns whose empty fields take the value above them")
    within: str = Field("", description="column within whose equal values they do; empty: always")


class FileRule(ProfilePart):
    """Section ``[files.NAME]``: files of one form."""

    path: str = Field("", description="file name or pattern below the source's folder")
    format: Literal[
        "csv", "fixed", "jsonl", "excel", "parquet", "spss", "stata", "duckdb", "sqlite", "postgresql", "snowflake",
        "bigquery", "flightsql"] = Field("csv", description="form of the file")
    member: str = Field("", description="name or pattern of the files in an archive; empty: all")
    sheet: str = Field("", description="sheet of a workbook; empty: the first")
    skip: int = Field(0, ge=0, description="lines or rows above the header, such as titles [rows]")
    footer: int = Field(0, ge=0, description="lines or rows below the last record, blank ones not counted [rows]")
    delimiter: str = Field(",", min_length=1, max_length=1, description="character between two fields")
    encoding: str = Field("utf-8", description="encoding of the text")
    quote: str = Field('"', max_length=1, description="character around a field; empty for none")
    header: bool = Field(True, description="whether the first line names the columns")
    header_rows: int = Field(1, ge=1, description="rows of the header, whose texts are joined [rows]")
    columns: list[str] = Field([], description="names of the columns, instead of a header's")
    fill_down: FillDown | None = Field(None, description="fields that are given on a first line only")
    widths: list[Annotated[int, Field(gt=0)]] = Field(
        [], description="width of each column of a fixed-width file [characters]")
    missing: list[str] = Field([""], description="texts that mean nothing was recorded")
    decimal: Literal[".", ","] = Field(".", description="sign before the decimals of a number")
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "", description="sign between the thousands of a number; a blank stands for blanks of any width")
    connection: str = Field("", pattern="^([A-Z][A-Z0-9_]*)?$", description="environment variable with an address")
    query: str = Field("", description="what a database is asked")
    mask: Mask = Field(Mask(), description="personal columns")

    @field_validator("path")
    @classmethod
    def _of_a_file(cls, path: str) -> str:
        longest = max(path.split("/"), key=len)
        if len(longest) > LONGEST_NAME and not path.startswith(REMOTE):
            raise ValueError(f"it has a name of {len(longest):,} characters, more than {LONGEST_NAME}")
        return path

    @field_validator("thousands", mode="before")
    @classmethod
    def _common_sign(cls, sign: Any) -> Any:
        return SAME_SIGN.get(sign, sign) if isinstance(sign, str) else sign

    @model_validator(mode="after")
    def _signs_apart(self) -> "FileRule":
        if self.delimiter == self.quote or {self.delimiter, self.quote} & set("\r\n"):
            raise ValueError(f"delimiter {self.delimiter!r} and quote {self.quote!r}: they have to differ, and neither "
                             "may be a line break")
        return self

    @model_validator(mode="after")
    def _whole(self) -> "FileRule":
        if self.path.startswith(("/", "\\", "~")) or ".." in self.path.replace("\\", "/").split("/"):
            raise ValueError(f"path '{self.path}' leads out of the source's folder")
        is_server, is_asked = self.format in SERVERS, self.format in (*SERVERS, "duckdb", "sqlite")
        is_placed = bool(self.path) != bool(self.connection) and not (is_server and self.path)
        if is_asked != bool(self.query) or not is_placed:
            raise ValueError("a file needs 'path' (or 'connection', the environment variable that holds its address), "
                             "with format = \"duckdb\" or \"sqlite\" also 'query'; or format = "
                             + " or ".join(f'"{name}"' for name in SERVERS) + " with 'connection' and 'query'")
        if self.sheet and self.format != "excel":
            raise ValueError("'sheet' is for format = \"excel\"")
        if (self.skip or self.footer or self.header_rows > 1) and self.format not in ("csv", "excel"):
            raise ValueError("'skip', 'footer' and 'header_rows' are for format = \"csv\" or \"excel\"")
        if self.columns and (is_asked or self.format in ("jsonl", "parquet", "spss", "stata")):
            raise ValueError(f"a {self.format} file names its columns itself")
        if repeated := sorted({name for name in self.columns if self.columns.count(name) > 1}):
            raise ValueError(f"'columns' names '{repeated[0]}' {self.columns.count(repeated[0])} times")
        if self.decimal == self.thousands:
            raise ValueError(f"'{self.decimal}' cannot stand before decimals and between thousands")
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(f"unknown encoding '{self.encoding}'") from None
        if self.format == "fixed" and (not self.widths or len(self.widths) != len(self.columns)):
            raise ValueError(f"a fixed-width file needs as many widths ({len(self.widths)}) as columns "
                             f"({len(self.columns)})")
        if self.format == "csv" and not self.header and not self.columns:
            raise ValueError("a file without a header needs 'columns'")
        return self


class RejectRule(ProfilePart):
    """One reason for which records are rejected."""

    where: str = Field(description="condition under which a record is rejected")
    reason: str = Field(pattern="^[^;]+$", description="why, in words, without a semicolon")


class ColumnRule(ProfilePart):
    """How one column is made."""

    from_: str = Field(alias="from", description="expression over the columns of the file")
    type: Literal["", "text", "integer", "number", "money", "date", "time", "flag"] = Field(
        "", description="type, where the canonical table does not declare it")
    formats: list[str] = Field([], description="forms in which a date or time is written")
    currency: str = Field("", description="expression that tells the currency of each record's money")
    missing: list[str] = Field([], description="texts that mean nothing was recorded")
    values: dict[str, str] = Field({}, description="old text → new text")
    static: bool = Field(False, description="whether it stays what it is from the start of a contract to its end")
    known_at: str = Field("", description="date column of the same table from which on the value was known")


class Lookup(ProfilePart):
    """A second file, joined on a key that is unique there."""

    file: str = Field(description="the file's name in the profile")
    on: dict[str, str] = Field(min_length=1, description="column there → expression here")


class Unpivot(ProfilePart):
    """One row for each of several columns of a record."""

    columns: list[str] = Field(min_length=1, description="names or patterns of columns")
    not_applicable: list[str] = Field([], description="answers that mean 'does not apply'")


class TableRule(ProfilePart):
    """Section ``[tables.TABLE]``: how one canonical table is made."""

    from_: str = Field("", alias="from", description="the file's name in the profile")
    where: str = Field("", description="records that the table is made from; empty: all of the file")
    reject: list[RejectRule] = Field([], description="reasons for which records are rejected")
    duplicates: Literal["keep", "reject"] = Field("keep", description="what happens to exact repetitions of a record")
    missing: list[str] = Field([], description="texts that mean nothing was recorded, in any column")
    columns: dict[str, ColumnRule] = Field({}, description="how each column is made")
    lookup: dict[str, Lookup] = Field({}, description="second files, joined")
    unpivot: Unpivot | None = Field(None, description="one row for each of several columns")
    defaults: dict[str, Any] = Field({}, description="what all typed rows have in common")
    rows: list[dict[str, Any]] = Field([], description="rows typed in the profile")
    attributes: Literal["", "static"] = Field(
        "", description="whether all attributes stay what they are, where a column says nothing else")
    parts: list["TableRule"] = Field([], description="rules of several files that become this one table")

    @property
    def rules(self) -> tuple["TableRule", ...]:
        """The rule of each file that the table is made from: its parts, or itself."""
        return tuple(self.parts) or (self,)

    def rule_of(self, file: str) -> "TableRule":
        """Return the rule by which a file becomes the table, the first where none names the file."""
        return next((rule for rule in self.rules if rule.from_ == file), self.rules[0])

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, columns: Any) -> Any:
        if not isinstance(columns, Mapping):
            return columns
        return {name: {"from": rule} if isinstance(rule, str) else rule for name, rule in columns.items()}

    @model_validator(mode="after")
    def _of_one_kind(self) -> "TableRule":
        beside = sorted(self.model_fields_set - {"parts"}) if self.parts else []
        if beside or any(part.parts or part.rows for part in self.parts):
            other = ", ".join(name.rstrip("_") for name in beside) or "parts, rows"
            raise ValueError(f"a table with 'parts' says all else in them, each from a file (found: {other})")
        return self

    @model_validator(mode="after")
    def _known(self) -> "TableRule":
        for name, rule in self.columns.items():
            if rule.known_at and (rule.static or rule.known_at not in self.columns):
                made = ", ".join(self.columns)
                raise ValueError(
                    f"{name} has known_at = '{rule.known_at}'; allowed: one of {made}, and not beside static")
        return self


class Control(ProfilePart):
    """A total declared by whoever delivered the data."""

    name: str = Field(description="what the total is")
    file: str = Field("", description="the file that it is a total of")
    table: str = Field("", description="the canonical table that it is a total of")
    expression: str = Field("1", description="what is added up, or an aggregate")
    where: str = Field("", description="rows that it counts; empty: all")
    expected: Decimal | int = Field(description="the declared total")

    @model_validator(mode="after")
    def _one_place(self) -> "Control":
        if bool(self.file) == bool(self.table):
            raise ValueError(f"control '{self.name}' needs either 'file' or 'table'")
        return self
