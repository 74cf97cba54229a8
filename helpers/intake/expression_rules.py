"""Rules of profile expressions: what a name may refer to, and what each kind of syntax node means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY, money_product
from helpers.foundation.schema import COLUMN_TYPES
from helpers.intake.number_formats import PLAIN, plain_number, signed_text

NUMBER = COLUMN_TYPES["number"]

TRUE = ("true", "t", "yes", "y", "1", "vrai", "oui", "wahr", "ja", "vero", "sì", "verdadero", "sí", "verdadeiro", "sim",
        "waar", "prawda", "tak", "да", "是", "はい", "예")

FALSE = ("false", "f", "no", "n", "0", "faux", "non", "falsch", "nein", "falso", "não", "onwaar", "nee", "fałsz", "nie",
         "нет", "否", "いいえ", "아니요", "아니오")

LONGEST_PADDED = 1_000  # signs of an identifier that is filled up


@dataclass(frozen=True, slots=True)
class ExpressionScope:
    """What an expression may refer to, and how it reads numbers.

    Parameters
    ----------
    columns : mapping of str to engine value
        By name, those of a lookup as ``NAME.column``.
    number : str
        Engine type in which text is read where a number is needed: decimal for money, float for the rest.
    has_aggregates : bool
        Whether sums and counts are allowed (in controls only).
    unread : list of engine flags
        Filled while compiling: for each text read as a number, whether it could not be.
    signs : (str, str)
        Before the decimals and between the thousands of a number written as text.
    zone : str
        Time zone that times with an offset are told in; empty where none has one.
    """

    columns: Mapping[str, ir.Value]
    number: str = NUMBER
    has_aggregates: bool = False
    unread: list[ir.BooleanValue] = field(default_factory=list)
    signs: tuple[str, str] = PLAIN
    zone: str = ""


def parse_number(found: ir.Value, scope: ExpressionScope) -> ir.NumericValue:
    """Return a value as a number, reading text; what cannot be read is empty and remembered in the scope."""
    kind = found.type()
    if kind.is_boolean():
        return found.ifelse(1, 0)
    if kind.is_string():
        plain = plain_number(found, scope.signs).try_cast(scope.number)
        left = plain.isnull().ifelse(found, ibis.null("string"))  # engines would tidy up every text, and not only these
        read = ibis.coalesce(plain, plain_number(signed_text(left), scope.signs).try_cast(scope.number))
        scope.unread.append(found.notnull() & read.isnull())
        return read
    if kind.is_floating() and scope.number == MONEY:
        return found.try_cast(MONEY)
    return found


def parse_flag(found: ir.Value) -> ir.BooleanValue:
    """Return a value as a flag, reading ``yes``/``no``, ``true``/``false``, ``1``/``0`` in any case."""
    if found.type().is_boolean():
        return found
    text = found.cast("string").lower()
    return ibis.cases((text.isin(TRUE), True), (text.isin(FALSE), False))


NUMBERS, DIGITS = ("integer", "number", "money"), r"^[\s0-9.eE+-]*$"

Inner = Callable[[exp.Expression], ir.Value]

Rule = Callable[[Any, Inner, ExpressionScope], ir.Value]  # each takes the class of node that it stands for


def _literal(node: exp.Literal, inner: Inner, scope: ExpressionScope) -> ir.Value:
    if node.is_string:
        return ibis.literal(node.this)
    if node.this.isdigit():
        return ibis.literal(int(node.this))
    return ibis.literal(Decimal(node.this)).cast(MONEY) if scope.number == MONEY else ibis.literal(float(node.this))


def _arithmetic(operation: Callable[[ir.Value, ir.Value], ir.Value]) -> Rule:
    def rule(node: exp.Binary, inner: Inner, scope: ExpressionScope) -> ir.Value:
        found = operation(parse_number(inner(node.this), scope), parse_number(inner(node.expression), scope))
        return found.try_cast(MONEY) if scope.number == MONEY else found
    return rule


def _product(node: exp.Mul, inner: Inner, scope: ExpressionScope) -> ir.Value:
    a, b = parse_number(inner(node.this), scope), parse_number(inner(node.expression), scope)
    return money_product(a, b) if scope.number == MONEY else a * b


def _quotient(a: ir.NumericValue, b: ir.NumericValue) -> ir.NumericValue:
    return a.cast("float64") / b.cast("float64").nullif(0)


def _aligned(values: list[ir.Value], scope: ExpressionScope) -> list[ir.Value]:
    """Return values in one type: numbers where one is a number, flags where one is a flag, dates likewise."""
    kinds = [v.type() for v in values]
    if any(k.is_boolean() for k in kinds):
        return [parse_flag(v) for v in values]
    if any(k.is_numeric() for k in kinds):
        return [v if k.is_null() else parse_number(v, scope) for v, k in zip(values, kinds, strict=True)]
    moments = [k for k in kinds if k.is_temporal()]
    return [v.try_cast(moments[0]) if k.is_string() else v for v, k in zip(values, kinds, strict=True)] \
        if moments else values


def _comparison(operation: Callable[[ir.Value, ir.Value], ir.BooleanValue]) -> Rule:
    def rule(node: exp.Binary, inner: Inner, scope: ExpressionScope) -> ir.Value:
        return operation(*_aligned([inner(node.this), inner(node.expression)], scope))
    return rule


def _negated(node: exp.Expression, found: ir.BooleanValue) -> ir.BooleanValue:
    """Return a condition turned where its node carries the ``not`` itself, as the parser writes ``not like``."""
    return ~found if node.args.get("negate") else found


def _in(node: exp.In, inner: Inner, scope: ExpressionScope) -> ir.Value:
    first, *rest = _aligned([inner(node.this), *map(inner, node.expressions)], scope)
    return first.isin(rest)


def _between(node: exp.Between, inner: Inner, scope: ExpressionScope) -> ir.Value:
    found, low, high = _aligned([inner(node.this), inner(node.args["low"]), inner(node.args["high"])], scope)
    return found.between(low, high)


def _case(node: exp.Case, inner: Inner, scope: ExpressionScope) -> ir.Value:
    subject = inner(node.this) if node.this else None
    branches = node.args["ifs"]
    tests = [inner(b.this) for b in branches]
    if subject is not None:
        tests = [a == b for a, b in (_aligned([subject, t], scope) for t in tests)]
    default = node.args.get("default")
    *results, last = _aligned([*(inner(b.args["true"]) for b in branches), inner(default or exp.Null())], scope)
    return ibis.cases(*zip(tests, results, strict=True), else_=last)


def _if(node: exp.If, inner: Inner, scope: ExpressionScope) -> ir.Value:
    yes, no = _aligned([inner(node.args["true"]), inner(node.args.get("false") or exp.Null())], scope)
    return inner(node.this).ifelse(yes, no)


def _several(operation: Callable[..., ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: ExpressionScope) -> ir.Value:
        return operation(*_aligned([inner(node.this), *map(inner, node.expressions)], scope))
    return rule


def _text(operation: Callable[..., ir.Value], *parts: str) -> Rule:
    """Return the rule of a function of text: its subject as text, its other arguments by name."""
    def rule(node: exp.Expression, inner: Inner, scope: ExpressionScope) -> ir.Value:
        given = [inner(node.args[p]) for p in parts if node.args.get(p) is not None]
        return operation(inner(node.this).cast("string"), *given)
    return rule


def _joined(node: exp.Expression, inner: Inner, scope: ExpressionScope) -> ir.Value:
    parts = node.expressions or [node.this, node.expression]
    return reduce(lambda a, b: a + b, [inner(p).cast("string") for p in parts])


def _padded(node: exp.Pad, inner: Inner, scope: ExpressionScope) -> ir.Value:
    length = node.expression
    if not isinstance(length, exp.Literal) or not length.name.isdigit() or int(length.name) > LONGEST_PADDED:
        raise InputError("lpad", f"the length is {length.sql('duckdb')[:40]}", f"a number up to {LONGEST_PADDED:,}")
    return inner(node.this).cast("string").lpad(int(length.name), inner(node.args["fill_pattern"]))


def _pattern(node: exp.Expression) -> str:
    """Return the regular expression that a function is given, if an engine can read it in linear time (RE2)."""
    given = node.expression
    try:
        if not isinstance(given, exp.Literal):
            raise ValueError("it is no text in quotes")
        pc.match_substring_regex(pa.array([""]), given.name)
    except (pa.ArrowInvalid, ValueError) as error:
        raise InputError("regular expression", f"'{given.name[:40]}' cannot be read ({error})",
                         "a pattern of RE2, without look-around and back-references") from None
    return given.name


def _replaced(node: exp.RegexpReplace, inner: Inner, scope: ExpressionScope) -> ir.Value:
    new = node.args["replacement"].name
    if "\\" in new or "$" in new:
        raise InputError("regexp_replace", f"the replacement '{new}' refers to a group", "regexp_extract")
    return inner(node.this).cast("string").re_replace(_pattern(node), new)


def _extracted(node: exp.RegexpExtract, inner: Inner, scope: ExpressionScope) -> ir.Value:
    group = int(node.args["group"].name) if node.args.get("group") else 0
    pattern = _pattern(node)
    n_groups = pattern.count("(")  # no more than that
    if group > n_groups:
        raise InputError("regexp_extract", f"'{pattern[:40]}' has no group {group}", f"0 to {n_groups}")
    return inner(node.this).cast("string").re_extract(pattern, group).nullif("")


def _cast(node: exp.Cast, inner: Inner, scope: ExpressionScope) -> ir.Value:
    name = next((n for n, kinds in CASTS.items() if node.to.this in kinds), None)
    if name is None:
        raise ValueError(node.to.sql())
    found = inner(node.this)
    if found.type().is_string() and name in NUMBERS:  # engines also read 1_000, 0x10 and infinity
        found = found.re_search(DIGITS).ifelse(found, ibis.null("string"))
    return found.try_cast(COLUMN_TYPES[name])


def _numeric(operation: Callable[[ir.NumericValue], ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: ExpressionScope) -> ir.Value:
        return operation(parse_number(inner(node.this), scope))
    return rule


def _rounded(node: exp.Round, inner: Inner, scope: ExpressionScope) -> ir.Value:
    digits = int(node.args["decimals"].name) if node.args.get("decimals") else 0
    return parse_number(inner(node.this), scope).round(digits)


def _count(node: exp.Count, inner: Inner, scope: ExpressionScope) -> ir.Value:
    if isinstance(node.this, exp.Star):
        return next(iter(scope.columns.values())).isnull().count()
    if isinstance(node.this, exp.Distinct):
        return inner(node.this.expressions[0]).nunique()
    return inner(node.this).count()


def _ordered(operation: Callable[[ir.Value], ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: ExpressionScope) -> ir.Value:
        return operation(inner(node.this))
    return rule


D = exp.DataType.Type

CASTS = {
    "text": (D.VARCHAR, D.TEXT, D.CHAR), "integer": (D.INT, D.BIGINT, D.SMALLINT, D.TINYINT),
    "number": (D.DOUBLE, D.FLOAT), "money": (D.DECIMAL,), "date": (D.DATE,), "time": (D.TIMESTAMP, D.DATETIME),
    "flag": (D.BOOLEAN,),
}

RULES: dict[type[exp.Expression], Rule] = {
    exp.Paren: lambda n, inner, s: inner(n.this),
    exp.Literal: _literal,
    exp.Boolean: lambda n, inner, s: ibis.literal(n.this),
    exp.Null: lambda n, inner, s: ibis.null(),
    exp.Add: _arithmetic(lambda a, b: a + b),
    exp.Sub: _arithmetic(lambda a, b: a - b),
    exp.Mul: _product,
    exp.Div: _arithmetic(_quotient),
    exp.Neg: _numeric(lambda a: -a),
    exp.DPipe: _joined,
    exp.Concat: _joined,
    exp.EQ: _comparison(lambda a, b: a == b),
    exp.NEQ: _comparison(lambda a, b: a != b),
    exp.LT: _comparison(lambda a, b: a < b),
    exp.LTE: _comparison(lambda a, b: a <= b),
    exp.GT: _comparison(lambda a, b: a > b),
    exp.GTE: _comparison(lambda a, b: a >= b),
    exp.And: lambda n, inner, s: inner(n.this) & inner(n.expression),
    exp.Or: lambda n, inner, s: inner(n.this) | inner(n.expression),
    exp.Not: lambda n, inner, s: ~parse_flag(inner(n.this)),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: lambda n, inner, s: inner(n.this).isnull(),
    exp.Like: lambda n, inner, s: _negated(n, inner(n.this).cast("string").like(n.expression.name)),
    exp.ILike: lambda n, inner, s: _negated(n, inner(n.this).cast("string").ilike(n.expression.name)),
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _several(ibis.coalesce),
    exp.Greatest: _several(ibis.greatest),
    exp.Least: _several(ibis.least),
    exp.Nullif: _comparison(lambda a, b: a.nullif(b)),
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Lower: _text(lambda t: t.lower()),
    exp.Upper: _text(lambda t: t.upper()),
    exp.Trim: _text(lambda t: t.strip()),
    exp.Length: _text(lambda t: t.length()),
    exp.Substring: _text(lambda t, start, length=None: t.substr(start - 1, length), "start", "length"),
    exp.Left: _text(lambda t, n: t.left(n), "expression"),
    exp.Right: _text(lambda t, n: t.right(n), "expression"),
    exp.Replace: _text(lambda t, old, new: t.replace(old, new), "expression", "replacement"),
    exp.Pad: _padded,
    exp.SplitPart: lambda n, inner, s: inner(n.this).split(n.args["delimiter"].name)[
        int(n.args["part_index"].name) - 1],
    exp.StartsWith: _text(lambda t, start: t.startswith(start), "expression"),
    exp.Contains: _text(lambda t, part: t.contains(part), "expression"),
    exp.RegexpReplace: _replaced,
    exp.RegexpExtract: _extracted,
    exp.RegexpLike: lambda n, inner, s: inner(n.this).cast("string").re_search(_pattern(n)),
    exp.Abs: _numeric(lambda a: a.abs()),
    exp.Floor: _numeric(lambda a: a.floor()),
    exp.Ceil: _numeric(lambda a: a.ceil()),
    exp.Round: _rounded,
    exp.Sum: _numeric(lambda a: a.sum()),
    exp.Avg: _numeric(lambda a: a.mean()),
    exp.Min: _ordered(lambda a: a.min()),
    exp.Max: _ordered(lambda a: a.max()),
    exp.Count: _count,
}
