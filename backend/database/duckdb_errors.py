"""What DuckDB raises, and what is wrong with what it is to read, told without loading DuckDB.

Nobody raises an error of a module that nobody has imported; DuckDB takes 20 MiB of a process.
"""

import re
import sys

# The newest first: a class of errors stands before the one that it is a kind of.
BY_CLASS = {
    "InterruptException": "timed_out",
    "OutOfMemoryException": "out_of_memory",
    "SerializationException": "damaged",
    "PermissionException": "no_file",
}
# What an IOException is about, only its words tell.
BY_WORDS = (
    (re.compile("Could not set lock on file"), "locked"),
    (
        re.compile("not a valid DuckDB database file|checksum|[Cc]orrupt|not read enough bytes"),
        "damaged",
    ),
    (re.compile("version number|newer version"), "too_new"),
    (re.compile("No space left|failed to offload"), "disk_full"),
    (re.compile("(?i)gzip"), "bad_file"),
    (
        re.compile("does not exist|No such file|No files found|Permission denied|Cannot open file"),
        "no_file",
    ),
)
# What its words begin with, by the class that it raises.
RAISED_AS = {
    "Conversion Error": "ConversionException",
    "INTERRUPT Error": "InterruptException",
    "Invalid Input Error": "InvalidInputException",
    "IO Error": "IOException",
    "Out of Memory Error": "OutOfMemoryException",
    "Serialization Error": "SerializationException",
}
# A statement that does not fit what is there, or not any more: a table, a column, a type.
NOT_AS_REMEMBERED = ("CatalogException", "BinderException", "ConversionException")


class UnreadableWarehouse(Exception):
    """What DuckDB is to read is not there, or not as it can be read.

    Attributes
    ----------
    kind
        One of the causes in `causes`.
    words
        What is wrong, naming the file.
    """

    def __init__(self, kind: str, words: str) -> None:
        self.kind = kind
        self.words = words
        super().__init__(words)


def is_of_duckdb(error: BaseException) -> bool:
    """Whether DuckDB raised it."""
    return _is("Error", error)


def does_not_fit(error: BaseException) -> bool:
    """Whether a statement names what is not there, or is of another type."""
    return any(_is(name, error) for name in NOT_AS_REMEMBERED)


def kind_on_duckdb(error: BaseException) -> str | None:
    """Return the cause that an error of DuckDB's is of; None where the statement is at fault."""
    for name, kind in BY_CLASS.items():
        if _is(name, error):
            return kind
    said = str(error)
    told = next((kind for words, kind in BY_WORDS if words.search(said)), None)
    if _is("IOException", error):
        return told or "unreachable"
    if _is_of_no_class(error):  # as of a block whose sum is another
        return told
    # Of a Parquet file that is still being written, or is none: its words name the file.
    return "bad_file" if _is("InvalidInputException", error) and FILE.search(said) else None


def as_duckdb_raises(error: Exception) -> Exception:
    """Return what DuckDB would have raised, where Arrow only passes on what it said.

    From the second batch of a stream on Arrow raises in its place: OSError, or a ValueError.
    """
    name = RAISED_AS.get(str(error).partition(":")[0])
    driver = sys.modules.get("duckdb")
    if name is None or driver is None:
        return error
    raised: Exception = getattr(driver, name)(str(error))
    return raised


FILE = re.compile("file ['\"]|[Ff]ile:? |magic bytes|file = ")
# CSV Error on Line: 3, Original Line: …, what is wrong with it, and much advice.
CSV_FILE = re.compile(r"CSV .*?\n *file = (?P<file>[^\n]*)", re.DOTALL)
CSV_LINE = re.compile(r"CSV Error on Line: (?P<line>\d+).*?\n *file = (?P<file>[^\n]*)", re.DOTALL)
# What is wrong with a line, in the words that hold no value of it.
CSV_PROBLEM = re.compile(
    r"Expected Number of Columns: \d+ Found: \d+|Invalid unicode|unterminated quote|line size"
)
SUGGESTED = re.compile(r"\s*Did you mean .*", re.DOTALL)
# Could not convert string 'ada@example.com' to INT64; CSV Error on Line: 2 Original Line: …
VALUES = re.compile(r"(?:string|value) (?:'[^']*'|\"[^\"]*\")|Original Line:.*", re.DOTALL)
KIND = re.compile(r"^[A-Z][A-Za-z ]+ Error: ")


def words_of_duckdb(error: BaseException) -> str:
    """Return what DuckDB says, without the values that it quotes."""
    if _is("ConversionException", error):
        return "a value cannot be read as the type that is asked for"
    said = str(error)
    if (of_csv := CSV_LINE.search(said)) is not None:
        name = of_csv["file"].rpartition("/")[2]
        told = CSV_PROBLEM.search(said)
        return f"{name}, line {of_csv['line']}: {told[0] if told else 'cannot be read'}"
    if (of_csv := CSV_FILE.search(said)) is not None:
        name = of_csv["file"].rpartition("/")[2]
        return f"{name} is not written as CSV is: does each line end as the first one does?"
    first = KIND.sub("", said).partition("\n\n")[0].partition("\nLINE")[0]
    return VALUES.sub("a value", SUGGESTED.sub("", first))


def _is_of_no_class(error: BaseException) -> bool:
    driver = sys.modules.get("duckdb")
    return driver is not None and type(error) is driver.Error


def _is(name: str, error: BaseException) -> bool:
    driver = sys.modules.get("duckdb")
    return driver is not None and isinstance(error, getattr(driver, name))
