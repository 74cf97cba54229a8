"""What each part of an expression means: one rule a kind of node of its syntax tree."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce

import ibis
import ibis.expr.types as ir
from sqlglot import exp

from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY, product
from helpers.foundation.tables import TYPES
from helpers.intake.scopes import Scope, flag, number

NUMBERS, DIGITS = ("integer", "number", "money"), r"^[\s0-9.eE+-]*$"
Inner = Callable[[exp.Expression], ir.Value]
Rule = Callable[[exp.Expression, Inner, Scope], ir.Value]


def _literal(node: exp.Literal, inner: Inner, scope: Scope) -> ir.Value:
    if node.is_string:
        return ibis.literal(node.this)
    if node.this.isdigit():
        return ibis.literal(int(node.this))
    return ibis.literal(Decimal(node.this)).cast(MONEY) if scope.number == MONEY else ibis.literal(float(node.this))


def _arithmetic(operation: Callable[[ir.Value, ir.Value], ir.Value]) -> Rule:
    def rule(node: exp.Binary, inner: Inner, scope: Scope) -> ir.Value:
        found = operation(number(inner(node.this), scope), number(inner(node.expression), scope))
        return found.try_cast(MONEY) if scope.number == MONEY else found
    return rule


def _product(node: exp.Mul, inner: Inner, scope: Scope) -> ir.Value:
    a, b = number(inner(node.this), scope), number(inner(node.expression), scope)
    return product(a, b) if scope.number == MONEY else a * b


def _quotient(a: ir.NumericValue, b: ir.NumericValue) -> ir.NumericValue:
    return a.cast("float64") / b.cast("float64").nullif(0)


def _aligned(values: list[ir.Value], scope: Scope) -> list[ir.Value]:
    """Return values in one type: numbers where one is a number, flags where one is a flag, dates likewise."""
    kinds = [v.type() for v in values]
    if any(k.is_boolean() for k in kinds):
        return [flag(v) for v in values]
    if any(k.is_numeric() for k in kinds):
        return [v if k.is_null() else number(v, scope) for v, k in zip(values, kinds, strict=True)]
    moments = [k for k in kinds if k.is_temporal()]
    return [v.try_cast(moments[0]) if k.is_string() else v for v, k in zip(values, kinds, strict=True)] \
        if moments else values


def _comparison(operation: Callable[[ir.Value, ir.Value], ir.BooleanValue]) -> Rule:
    def rule(node: exp.Binary, inner: Inner, scope: Scope) -> ir.Value:
        return operation(*_aligned([inner(node.this), inner(node.expression)], scope))
    return rule


def _negated(node: exp.Expression, found: ir.BooleanValue) -> ir.BooleanValue:
    """Return a condition turned where its node carries the ``not`` itself, as the parser writes ``not like``."""
    return ~found if node.args.get("negate") else found


def _in(node: exp.In, inner: Inner, scope: Scope) -> ir.Value:
    first, *rest = _aligned([inner(node.this), *map(inner, node.expressions)], scope)
    return first.isin(rest)


def _between(node: exp.Between, inner: Inner, scope: Scope) -> ir.Value:
    found, low, high = _aligned([inner(node.this), inner(node.args["low"]), inner(node.args["high"])], scope)
    return found.between(low, high)


def _case(node: exp.Case, inner: Inner, scope: Scope) -> ir.Value:
    subject = inner(node.this) if node.this else None
    branches = node.args["ifs"]
    tests = [inner(b.this) for b in branches]
    if subject is not None:
        tests = [a == b for a, b in (_aligned([subject, t], scope) for t in tests)]
    default = node.args.get("default")
    *results, last = _aligned([*(inner(b.args["true"]) for b in branches), inner(default or exp.Null())], scope)
    return ibis.cases(*zip(tests, results, strict=True), else_=last)


def _if(node: exp.If, inner: Inner, scope: Scope) -> ir.Value:
    yes, no = _aligned([inner(node.args["true"]), inner(node.args.get("false") or exp.Null())], scope)
    return inner(node.this).ifelse(yes, no)


def _several(operation: Callable[..., ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: Scope) -> ir.Value:
        return operation(*_aligned([inner(node.this), *map(inner, node.expressions)], scope))
    return rule


def _text(operation: Callable[..., ir.Value], *parts: str) -> Rule:
    """Return the rule of a function of text: its subject as text, its other arguments by name."""
    def rule(node: exp.Expression, inner: Inner, scope: Scope) -> ir.Value:
        given = [inner(node.args[p]) for p in parts if node.args.get(p) is not None]
        return operation(inner(node.this).cast("string"), *given)
    return rule


def _joined(node: exp.Expression, inner: Inner, scope: Scope) -> ir.Value:
    parts = node.expressions or [node.this, node.expression]
    return reduce(lambda a, b: a + b, [inner(p).cast("string") for p in parts])


def _replaced(node: exp.RegexpReplace, inner: Inner, scope: Scope) -> ir.Value:
    new = node.args["replacement"].name
    if "\\" in new or "$" in new:
        raise InputError("regexp_replace", f"the replacement '{new}' refers to a group", "regexp_extract")
    return inner(node.this).cast("string").re_replace(node.expression.name, new)


def _extracted(node: exp.RegexpExtract, inner: Inner, scope: Scope) -> ir.Value:
    group = int(node.args["group"].name) if node.args.get("group") else 0
    return inner(node.this).cast("string").re_extract(node.expression.name, group).nullif("")


def _cast(node: exp.Cast, inner: Inner, scope: Scope) -> ir.Value:
    name = next((n for n, kinds in CASTS.items() if node.to.this in kinds), None)
    if name is None:
        raise ValueError(node.to.sql())
    found = inner(node.this)
    if found.type().is_string() and name in NUMBERS:  # engines also read 1_000, 0x10 and infinity
        found = found.re_search(DIGITS).ifelse(found, ibis.null("string"))
    return found.try_cast(TYPES[name])


def _numeric(operation: Callable[[ir.NumericValue], ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: Scope) -> ir.Value:
        return operation(number(inner(node.this), scope))
    return rule


def _rounded(node: exp.Round, inner: Inner, scope: Scope) -> ir.Value:
    digits = int(node.args["decimals"].name) if node.args.get("decimals") else 0
    return number(inner(node.this), scope).round(digits)


def _count(node: exp.Count, inner: Inner, scope: Scope) -> ir.Value:
    if isinstance(node.this, exp.Star):
        return next(iter(scope.columns.values())).isnull().count()
    if isinstance(node.this, exp.Distinct):
        return inner(node.this.expressions[0]).nunique()
    return inner(node.this).count()


def _ordered(operation: Callable[[ir.Value], ir.Value]) -> Rule:
    def rule(node: exp.Expression, inner: Inner, scope: Scope) -> ir.Value:
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
    exp.Not: lambda n, inner, s: ~flag(inner(n.this)),
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
    exp.Pad: _text(lambda t, n, fill: t.lpad(n, fill), "expression", "fill_pattern"),
    exp.SplitPart: lambda n, inner, s: inner(n.this).split(n.args["delimiter"].name)[
        int(n.args["part_index"].name) - 1],
    exp.StartsWith: _text(lambda t, start: t.startswith(start), "expression"),
    exp.Contains: _text(lambda t, part: t.contains(part), "expression"),
    exp.RegexpReplace: _replaced,
    exp.RegexpExtract: _extracted,
    exp.RegexpLike: lambda n, inner, s: inner(n.this).cast("string").re_search(n.expression.name),
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
