"""What a parser may make of a mapping's SQL: kinds of nodes, and the parts that they may have."""

from collections.abc import Mapping

from sqlglot import exp

PARTS_OF_A_SELECT = frozenset(
    {
        *("with_", "expressions", "distinct", "from_", "laterals", "joins", "where", "group"),
        *("having", "windows", "order", "limit", "offset", "this", "expression", "alias"),
    }
)
PARTS_OF_A_TABLE = frozenset({"this", "alias", "db", "joins", "laterals", "ordinality"})
KNOWN_NODES: tuple[type[exp.Expr], ...] = (
    # A query and its parts
    exp.Select, exp.SetOperation, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Lateral,
    exp.Unnest, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit,
    exp.Fetch, exp.LimitOptions, exp.Offset, exp.Distinct, exp.Window, exp.WindowSpec, exp.Filter,
    exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls,
    # Names
    exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Var,
    # Values
    exp.Literal, exp.Boolean, exp.Null, exp.HexString, exp.BitString, exp.Interval, exp.Tuple,
    exp.Paren, exp.Array, exp.DataType, exp.DataTypeParam, exp.CharacterSet,
    exp.CharacterSetProperty, exp.Bracket, exp.Slice, exp.JSONPath, exp.JSONPathRoot,
    exp.JSONPathKey, exp.JSONPathSubscript,
    # Operators
    exp.Not, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.DPipe, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
    exp.Glob, exp.SimilarTo, exp.Escape, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Any, exp.All,
    exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseLeftShift,
    exp.BitwiseRightShift, exp.Overlaps, exp.Collate, exp.AtTimeZone,
    # Functions: their names are looked at apart
    exp.Func,
)  # fmt: skip
IN_WORDS: Mapping[type[exp.Expr], str] = {
    exp.Lock: "a lock (FOR UPDATE, FOR SHARE)",
    exp.Into: "INTO",
    exp.Hint: "a hint to the database",
    exp.Placeholder: "a parameter",
    exp.Parameter: "a variable",
    exp.SessionParameter: "a variable of the server",
    exp.PropertyEQ: "an assignment",
    exp.Kwarg: "an argument by name",
    exp.Operator: "OPERATOR(…)",
    exp.Dot: "a name with a dot where it may call something",
    exp.RawString: "a string in dollars",
    exp.ByteString: "a string with escapes",
    exp.UnicodeString: "a string with escapes",
    exp.Introducer: "a string with a character set",
    exp.National: "a string with a character set",
    exp.TableSample: "a sample of a table",
}
