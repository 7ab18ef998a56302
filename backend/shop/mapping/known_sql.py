"""The functions and types that the SQL of a mapping may use on each kind of database.

Each only computes from its arguments: none waits, locks, writes, reads a file or a setting, runs
SQL that is given as text, or makes rows out of nothing without end. Names are those that are sent.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVERYWHERE = _words(
    """
    abs avg cast ceil ceiling coalesce concat concat_ws count date dense_rank exp extract
    first_value floor greatest lag last_value lead least length ln log lower ltrim max min
    mod nullif power rank replace round row_number rtrim sign sqrt substr substring sum trim
    upper
    """
)
ON_POSTGRESQL = _words(
    """
    age array array_agg array_length array_to_string bool_and bool_or btrim cardinality
    char_length character_length date_trunc decode encode every initcap isfinite
    json_array_elements json_array_elements_text json_array_length json_extract_path
    json_extract_path_text json_typeof jsonb_array_elements jsonb_array_elements_text
    jsonb_array_length jsonb_extract_path jsonb_extract_path_text jsonb_typeof left lpad
    make_date md5 mode now octet_length overlay percent_rank percentile_cont percentile_disc
    pg_typeof position regexp_like regexp_match regexp_replace regexp_substr reverse right
    row rpad split_part starts_with string_agg strpos timezone to_char to_date to_number
    to_timestamp translate trunc unnest
    """
)
ON_MYSQL = _words(
    """
    adddate ascii bin_to_uuid binary bit_length cast char char_length character_length conv
    convert convert_tz crc32 curdate current_timestamp date_add date_format date_sub datediff
    day dayofmonth dayofweek dayofyear elt field find_in_set format from_days from_unixtime
    group_concat hex hour if ifnull insert instr inet_ntoa isnull json_contains json_extract
    json_length json_unquote last_day lcase left locate lpad makedate md5
    microsecond mid minute month monthname now octet_length period_diff position quarter
    regexp_like regexp_replace regexp_substr reverse right rpad second sha sha1 sha2 str_to_date
    strcmp subdate substring_index time timestamp timestampadd timestampdiff truncate
    ucase unhex unix_timestamp utc_timestamp uuid_to_bin week weekday weekofyear year
    yearweek
    """
)
ON_SQLITE = _words(
    """
    char datetime format glob group_concat hex ifnull iif instr json_array_length json_each
    json_extract json_tree json_type julianday like nth_value ntile printf quote string_agg
    strftime time total typeof unicode unixepoch
    """
)
ON_DUCKDB = _words(
    """
    any_value arg_max arg_min array_agg array_contains contains count_if date_diff date_part
    date_trunc datediff datepart day dayname dayofweek dayofyear ends_with epoch epoch_ms
    epoch_us hex hour ifnull instr json_extract json_extract_string last_day lcase left len list
    list_contains listagg lpad make_date make_timestamp md5 median minute mode month monthname
    quantile_cont quarter regexp_extract regexp_full_match regexp_matches regexp_replace reverse
    right rpad second sha256 split_part starts_with str_split strftime string_agg string_split
    strlen strpos strptime timezone to_timestamp translate trunc try_cast try_strptime typeof
    ucase unnest week weekday year
    """
)
KNOWN_FUNCTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "postgresql": EVERYWHERE | ON_POSTGRESQL,
        "mysql": EVERYWHERE | ON_MYSQL,
        "sqlite": EVERYWHERE | ON_SQLITE,
        "duckdb": EVERYWHERE | ON_DUCKDB,
    }
)

# What a value may be cast to. PostgreSQL's reg… types look up names, xml and txid_snapshot parse.
KNOWN_TYPES = _words(
    """
    bigint binary bit blob bool boolean bytea char character character_set date datetime
    decimal double float int interval json jsonb mediumint nchar numeric real signed smallint
    text time timestamp timestampntz timestamptz timetz tinyint int128 ubigint udecimal uint
    unsigned uuid varbinary varchar
    """
)

# What no setting lets a mapping use, so that nobody copies a line that would.
ACTING = re.compile(
    r"(pg|lo|dblink|sys|ts|master|wsrep|pragma|fts\d|txid)_\w+|dblink|\w*xml\w*|generate_series"
    r"|reg(class|collation|config|dictionary|namespace|oper|operator|proc|procedure|role|type)"
    r"|sleep|benchmark|load_(file|extension)|(read|write)file|set_config|current_setting|nextval"
    r"|(read|parquet|duckdb|query|copy)_\w+|\w+_scan|sniff_csv|query|getenv|getvariable|range"
    r"|setval|lastval|(get|release|is_free|is_used)_\w*lock\w*|edit"
)

# Functions that are called without parentheses, and by PostgreSQL in FROM too.
CALLED_BY_NAME = _words(
    """
    current_catalog current_date current_role current_schema current_time current_timestamp
    current_user localtime localtimestamp session_user system_user user
    """
)

# Those of them that tell of the session and not of the time: in other databases they are names.
ABOUT_THE_SESSION: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "postgresql": _words(
            """
            current_catalog current_role current_schema current_user session_user system_user
            user
            """
        ),
        "mysql": _words("current_role current_user"),
        "sqlite": frozenset(),
        "duckdb": _words("current_catalog current_role current_schema current_user user"),
    }
)

# Words that stand before a parenthesis without being a function.
BEFORE_A_PARENTHESIS = _words(
    """
    all and any as between by case distinct else end except exists filter from group having
    in intersect is join lateral like ilike limit not offset on or order over partition
    regexp select similar some then to union using values when where with within div xor
    escape
    """
)
