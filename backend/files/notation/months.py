"""Names of months and weekdays, in the languages that exports are written in."""

import unicodedata
from collections.abc import Mapping

# Each by the shortest beginning that no other month has in any of the languages.
MONTHS: tuple[tuple[str, ...], ...] = (
    ("jan", "ene", "gen"),
    ("feb", "fev", "fevr"),
    ("mar", "mrz", "maerz", "maa", "mrt"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag", "mei", "maj"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "aou", "ago"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "dic"),
)
WEEKDAYS = (
    *("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    *("mo", "di", "mi", "do", "fr", "sa", "so"),
    *("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
    *("mie", "jue", "vie", "sab", "dom", "gio"),
    *("seg", "ter", "qua", "qui", "sex"),
)
FULL_MONTHS = (
    *(
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ),
    *("januar", "februar", "marz", "mai", "juni", "juli", "oktober", "dezember", "janner", "feber"),
    *(
        "janvier",
        "fevrier",
        "mars",
        "avril",
        "juin",
        "juillet",
        "aout",
        "septembre",
        "octobre",
        "novembre",
        "decembre",
    ),
    *(
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "setiembre",
        "octubre",
        "noviembre",
    ),
    *(
        "diciembre",
        "gennaio",
        "febbraio",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "settembre",
        "ottobre",
        "dicembre",
    ),
    *(
        "janeiro",
        "fevereiro",
        "marco",
        "maio",
        "junho",
        "julho",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ),
    *("januari", "februari", "maart", "mei", "augustus"),
    *("sept", "fevr", "juil", "janv", "avr"),
)
FULL_WEEKDAYS = (
    *(
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "tues",
        "thur",
        "thurs",
    ),
    *("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "sonnabend"),
    *("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    *("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"),
    *("lunedi", "martedi", "mercoledi", "giovedi", "venerdi", "sabato", "domenica"),
)


def bare(word: str) -> str:
    """Return a word in small letters without accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))


def _numbered() -> Mapping[str, int]:
    starts = {start: number for number, names in enumerate(MONTHS, start=1) for start in names}
    longest = sorted(starts, key=len, reverse=True)
    full = {
        name: starts[next(start for start in longest if name.startswith(start))]
        for name in FULL_MONTHS
    }
    return {**starts, **full}


NUMBERS = _numbered()
DAYS = frozenset((*WEEKDAYS, *FULL_WEEKDAYS))


def month_number(word: str) -> int | None:
    """Return the month that a word names, 1 to 12."""
    return NUMBERS.get(bare(word))


def is_weekday(word: str) -> bool:
    """Tell whether a word names a day of the week, or is short for one."""
    return bare(word) in DAYS
