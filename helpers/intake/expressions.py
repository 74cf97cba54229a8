"""Expressions of a source profile: a scalar subset of SQL, parsed, allow-listed, and turned into engine values.

Landed columns are text. Where arithmetic or a comparison with a number needs one, text is read as a number; a text
that is none becomes empty and is remembered, so that the record can be rejected for it. Nothing else is converted.

Known are: columns (``"in quotes"`` where the name has spaces, ``NAME.column`` of a lookup, and ``file``, ``record``,
``line``), texts, numbers, ``true``, ``false``, ``null``; ``+ - * /``, ``||``; ``= <> < <= > >=``, ``and or not``,
``in``, ``between``, ``like``, ``ilike``, ``is null``; ``case``, ``if``, ``coalesce``, ``nullif``, ``greatest``,
``least``; ``cast``; ``lower upper trim length substr left right replace concat lpad split_part starts_with contains``;
``regexp_replace regexp_extract regexp_matches``; ``abs round floor ceil``. Controls also know ``sum count min max
avg`` and ``count(distinct …)``. Division by zero is empty; in money every product is rounded to four places.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

import ibis
import ibis.expr.types as ir
import sqlglot
from sqlglot import exp

from helpers.foundation.errors import InputError, nearest
from helpers.foundation.tables import TYPES

MONEY = TYPES["money"]
NUMBER = TYPES["number"]
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


@dataclass(frozen=True, slots=True)
class Scope:
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
    """

    columns: Mapping[str, ir.Value]
    number: str = NUMBER
    has_aggregates: bool = False
    unread: list[ir.BooleanValue] = field(default_factory=list)


def parsed(text: str, where: str) -> exp.Expression:
    """Return the syntax tree of an expression.

    Raises
    ------
    InputError
        If it is no single SQL expression.
    """
    try:
        found = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        said = error.errors[0]["description"] if getattr(error, "errors", None) else str(error)
        raise InputError(where, f"'{text}' is not readable as SQL ({said})") from None
    if len(found) != 1 or found[0] is None:
        raise InputError(where, f"'{text}' is not one expression")
    return found[0]


def value(text: str, scope: Scope, where: str) -> ir.Value:
    """Return the engine value of an expression.

    Raises
    ------
    InputError
        For an unknown column, naming the nearest known one, and for anything outside the subset.
    """
    return _compiled(parsed(text, where), scope, where)


def condition(text: str, scope: Scope, where: str) -> ir.BooleanValue:
    """Return the engine flag of a condition; where it cannot be told it does not hold.

    Raises
    ------
    InputError
        If the expression is no condition.
    """
    found = value(text, scope, where)
    if not found.type().is_boolean():
        raise InputError(where, f"'{text}' is no condition", "a comparison, such as UnitPrice <= 0")
    return found.fill_null(False)


def total(text: str, scope: Scope, where: str) -> ir.Scalar:
    """Return the total of an expression: its sum, or the aggregate that it states itself."""
    tree = parsed(text, where)
    if tree.find(exp.AggFunc):
        return _compiled(tree, scope, where)
    found = number(_compiled(tree, scope, where), scope)
    if isinstance(found, ir.Scalar):
        found = next(iter(scope.columns.values())).isnull().ifelse(found, found)
    return found.sum()


def number(found: ir.Value, scope: Scope) -> ir.NumericValue:
    """Return a value as a number, reading text; what cannot be read is empty and remembered in the scope."""
    kind = found.type()
    if kind.is_boolean():
        return found.ifelse(1, 0)
    if kind.is_string():
        read = found.try_cast(scope.number)
        scope.unread.append(found.notnull() & read.isnull())
        return read
    if kind.is_floating() and scope.number == MONEY:
        return found.try_cast(MONEY)
    return found


def flag(found: ir.Value) -> ir.BooleanValue:
    """Return a value as a flag, reading ``yes``/``no``, ``true``/``false``, ``1``/``0`` in any case."""
    if found.type().is_boolean():
        return found
    text = found.cast("string").lower()
    return ibis.cases((text.isin(TRUE), True), (text.isin(FALSE), False))


def columns_of(text: str, where: str) -> list[str]:
    """Return the names of all columns that an expression refers to."""
    return [_column_name(node) for node in parsed(text, where).find_all(exp.Column)]


# --- the compiler: one rule a kind of node -----------------------------------------------------------------------


def _compiled(node: exp.Expression, scope: Scope, where: str) -> ir.Value:
    def inner(child: exp.Expression) -> ir.Value:
        return _compiled(child, scope, where)

    if isinstance(node, exp.Column):
        return _column(_column_name(node), scope, where)
    if isinstance(node, exp.AggFunc) and not scope.has_aggregates:
        raise InputError(where, f"'{node.sql('duckdb')}' adds up several records", "an expression over one record")
    rule = RULES.get(type(node))
    if rule is None:
        word = node.name if isinstance(node, exp.Anonymous) else node.sql("duckdb")
        raise InputError(where, f"'{word}' is not part of profile expressions", "see helpers/intake/expressions.py")
    try:
        return rule(node, inner, scope)
    except InputError:
        raise
    except (ibis.common.exceptions.IbisError, ValueError, TypeError, AttributeError):
        raise InputError(where, f"'{node.sql('duckdb')}' does not fit together", "texts with texts, numbers with "
                         "numbers") from None


def _column_name(node: exp.Column) -> str:
    return ".".join(part.name for part in node.parts)


def _column(name: str, scope: Scope, where: str) -> ir.Value:
    if name in scope.columns:
        return scope.columns[name]
    alike = [known for known in scope.columns if known.lower() == name.lower()]
    if len(alike) == 1:
        return scope.columns[alike[0]]
    raise InputError(where, f"there is no column '{name}'", nearest(name, list(scope.columns)))


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
    return inner(node.this).try_cast(TYPES[name])


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
    exp.Mul: _arithmetic(lambda a, b: a * b),
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
    exp.Like: lambda n, inner, s: inner(n.this).cast("string").like(n.expression.name),
    exp.ILike: lambda n, inner, s: inner(n.this).cast("string").ilike(n.expression.name),
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
