"""Variables, a preset and a file become one mapping, each overriding the one before.

From weakest to strongest: the guide's defaults, what a preset only suggests (`[defaults]`: prefix,
statuses, zone and whatever else differs between shops on one platform), the variables, what a
preset knows (tables, queries, columns), the file. A layer that names another table or query for
a logical table replaces that table whole; else single settings replace each other. A filter or a
scale from a variable that names no table of its own is meant for the preset's table, and stays.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.core.errors import InvalidMapping
from backend.shop.mapping.mapping import (
    LOGICAL_NAMES,
    LogicalName,
    ShopMapping,
    Variant,
)
from backend.shop.mapping.safety import checked_query, is_query
from backend.shop.mapping.sent import refuse_unsafe
from backend.shop.mapping.setting_problems import DERIVED, said_of

PRESET_FOLDER = Path(__file__).parent / "presets"
GUIDE_DEFAULTS: Mapping[str, Any] = {
    "customers": {"table": "ecommerce.customers"},
    "orders": {"table": "ecommerce.orders"},
    "line_items": {"table": "ecommerce.order_line_items"},
}
LISTS = {
    "COUNTED_STATUSES": ("statuses", "counted"),
    "CANCELLED_STATUSES": ("statuses", "cancelled"),
    "REFUNDED_STATUSES": ("statuses", "refunded"),
    "MAPPING_FUNCTIONS": ("functions",),
}
TEXTS = {
    "CURRENCY": ("currency", "only"),
    "CURRENCY_RATE": ("currency", "rate"),
    "TABLE_PREFIX": ("prefix",),
    "TABLE_SCHEMA": ("schema",),
    "SHOP_TIME_ZONE": ("time_zone",),
    "MERGE_GUESTS": ("merge_guests",),
    "CUSTOMERS_FILTER": ("customers", "filter"),
    "ORDERS_FILTER": ("orders", "filter"),
    "LINE_ITEMS_FILTER": ("line_items", "filter"),
}
# The variable that sets what stands at a place of the mapping.
VARIABLES: Mapping[tuple[str, ...], str] = {
    **{path: variable for variable, path in {**TEXTS, **LISTS}.items()},
    **{
        (name, key): f"{name.upper()}_{variable}"
        for name in LOGICAL_NAMES
        for key, variable in (("table", "TABLE"), ("query", "TABLE"), ("columns", "COLUMNS"))
    },
    **{(name, "scale"): "MONEY_SCALE" for name in LOGICAL_NAMES},
}
UNHEARD = "The variable for {place} is overridden by the preset or the mapping file."
PRESET_FACTS = ("about", "detection")
KEPT_WITH_A_PRESET = ("filter", "scale")
Layer = dict[str, Any]


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in alphabetical order."""
    return tuple(sorted(path.stem for path in PRESET_FOLDER.glob("*.toml")))


def load_mapping(variables: Mapping[str, str], database: str | None = None) -> ShopMapping:
    """Build the mapping from plain variables, the preset and the file that they name.

    Parameters
    ----------
    variables
        `CUSTOMERS_TABLE`, `ORDERS_COLUMNS`, `SHOP_PRESET`, `SHOP_MAPPING` and so on, unset ones
        left out.
    database
        The kind of database that will be read, where it is known.

    Raises
    ------
    InvalidMapping
        When something in it is unknown, contradictory or unsafe; names the place.
    """
    plain = _from_variables(variables)
    file = _from_file(variables.get("SHOP_MAPPING"))
    name = file.pop("preset", None) or variables.get("SHOP_PRESET")
    suggested, known = _from_preset(name)
    asked = {**plain, **_preset_of(variables)}
    forms = [
        (form, _merged_mapping(name, suggested, known_so, file, asked, database))
        for form, known_so in _forms(known)
    ]
    variants = tuple(Variant(**form, mapping=mapping) for form, mapping in forms if form)
    return forms[0][1].model_copy(update={"variants": variants})


def is_heard(variables: Mapping[str, str], name: str, value: str) -> bool:
    """Tell whether a variable would be heard beside others, or a preset or file overrides it."""
    notes = load_mapping({**variables, name: value}).notes
    paths = (path for path, variable in VARIABLES.items() if variable == name)
    return not any(UNHEARD.format(place=".".join(path)) in notes for path in paths)


def _forms(known: Layer) -> list[tuple[Layer, Layer]]:
    """Return what a preset knows in each of its variants, with the variant's name and needs."""
    variants = known.pop("variants", None) or [{}]
    forms = []
    for variant in variants:
        told = {key: variant.pop(key) for key in ("name", "needs") if key in variant}
        whole: Layer = {}
        _lay_over(whole, known)
        _lay_over(whole, variant)
        forms.append((told, whole))
    return forms


def _merged_mapping(
    name: str | None,
    suggested: Layer,
    known: Layer,
    file: Layer,
    asked: Layer,
    database: str | None,
) -> ShopMapping:
    """Lay the layers over each other, and look at what comes of it."""
    plain = {key: value for key, value in asked.items() if key != "preset"}
    known = _with_settings_of(known, suggested, plain)
    layers = (GUIDE_DEFAULTS, suggested, plain, known, file)
    merged: Layer = {}
    for layer in layers:
        _lay_over(merged, layer)
    merged["preset"] = name
    merged["preset_queries"] = frozenset(_queries(suggested)) | frozenset(_queries(known))
    merged["statuses_stored"] = _stored_lists(merged, plain, file)
    merged["notes"] = _unheard(asked, merged)
    merged["line_items_may_be_missing"] = not any(map(_names_lines, layers[1:]))
    merged["unnamed"] = tuple(name for name in LOGICAL_NAMES if _is_unnamed(name, layers[1:]))
    mapping = _validated(merged, plain)
    try:
        refuse_unsafe(mapping, database)
    except InvalidMapping as problem:
        path = tuple(problem.field.split("."))
        raise InvalidMapping(_place(path, plain, merged), problem.problem) from None
    return mapping


def _stored_lists(merged: Layer, *stronger: Layer) -> Layer:
    """Return the status lists that are to be read in the shop, for want of stronger words."""
    said = {name for layer in stronger for name in layer.get("statuses", {})}
    stored = merged.get("statuses_stored", {})
    return {
        name: checked_query(f"statuses_stored.{name}", query)
        for name, query in stored.items()
        if name not in said
    }


def _queries(layer: Layer) -> Iterator[str]:
    """Yield the queries of a preset, as the mapping holds them."""
    for name in LOGICAL_NAMES:
        if isinstance(query := layer.get(name, {}).get("query"), str):
            yield checked_query(f"{name}.query", query)
    for place, query in layer.get("statuses_stored", {}).items():
        yield checked_query(f"statuses_stored.{place}", query)


def _is_unnamed(name: LogicalName, layers: Sequence[Layer]) -> bool:
    """Whether no layer says where a table is: by a name, a query, or that there is none."""
    held = [layer.get(name, {}) for layer in layers]
    return all(isinstance(one, Mapping) and not {"table", "query"} & one.keys() for one in held)


def _names_lines(layer: Layer) -> bool:
    """Whether a layer says where order lines are; a scale for all amounts does not."""
    lines = layer.get("line_items", {})
    return not isinstance(lines, Mapping) or bool(set(lines) - {"scale"})


def _from_variables(variables: Mapping[str, str]) -> Layer:
    layer: Layer = {}
    for variable, path in TEXTS.items():
        if variable in variables:
            _put(layer, path, variables[variable].strip())
    for variable, path in LISTS.items():
        if variable in variables:
            _put(layer, path, tuple(variables[variable].split(",")))
    for name in LOGICAL_NAMES:
        _put_table(layer, name, variables)
    return layer


def _put_table(layer: Layer, name: str, variables: Mapping[str, str]) -> None:
    if scale := variables.get("MONEY_SCALE", "").strip():
        _put(layer, (name, "scale"), scale)
    if text := variables.get(f"{name.upper()}_TABLE", "").strip():
        _put(layer, (name, "query" if is_query(text) else "table"), text)
    if columns := variables.get(f"{name.upper()}_COLUMNS", "").strip():
        _put(layer, (name, "columns"), parse_columns(f"{name.upper()}_COLUMNS", columns))


def parse_columns(variable: str, text: str) -> dict[str, str]:
    """Read `ours=theirs,ours=theirs`.

    Raises
    ------
    InvalidMapping
        When a part has no `=`, or one of ours is named twice.
    """
    columns: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not equals or ours in columns:
            raise InvalidMapping(variable, f"holds '{part}'; expected ours=theirs, each once")
        columns[ours] = theirs
    return columns


def _put(layer: Layer, path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        layer = layer.setdefault(key, {})
    layer[path[-1]] = value


def _from_preset(name: object) -> tuple[Layer, Layer]:
    """Return what the preset suggests and what it knows."""
    if not name:
        return {}, {}
    if not isinstance(name, str):
        raise InvalidMapping("preset", f"holds {name!r}; expected a preset's name")
    if name not in preset_names():
        near = difflib.get_close_matches(name.lower(), preset_names(), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        there_are = f"there are {', '.join(preset_names())}"
        raise InvalidMapping("preset", f"'{name}' does not exist{hint}; {there_are}")
    known = read_toml("preset", PRESET_FOLDER / f"{name}.toml")
    for fact in PRESET_FACTS:
        known.pop(fact, None)
    return known.pop("defaults", {}), known


def _with_settings_of(known: Layer, *weaker: Layer) -> Layer:
    """Add to a preset's tables what weaker layers say about them without naming a table."""
    kept: Layer = {}
    for layer in weaker:
        for name in LOGICAL_NAMES:
            group = layer.get(name, {})
            if "table" not in group and "query" not in group:
                chosen = {key: group[key] for key in KEPT_WITH_A_PRESET if key in group}
                kept[name] = {**kept.get(name, {}), **chosen}
    return {
        key: {**kept.get(key, {}), **group} if key in LOGICAL_NAMES else group
        for key, group in known.items()
    }


def _from_file(path: str | None) -> Layer:
    if not path:
        return {}
    layer = read_toml("file", Path(path))
    layer.pop("about", None)
    for key in DERIVED:
        if key in layer:
            raise InvalidMapping(key, "is not known; it is not for setting")
    return layer


def read_toml(field: str, path: Path) -> Layer:
    """Return what a file of ours or of the shop's says.

    Raises
    ------
    InvalidMapping
        When it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidMapping(field, f"{path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidMapping(field, f"{path} is not TOML: {error}") from None


def _lay_over(merged: Layer, layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if not isinstance(value, Mapping):
            merged[key] = value
        elif key in LOGICAL_NAMES and ("table" in value or "query" in value):
            merged[key] = dict(value)
        else:
            _lay_over_group(merged, key, value)


def _lay_over_group(merged: Layer, key: str, value: Mapping[str, Any]) -> None:
    held = merged.get(key, {})
    merged[key] = {**held, **value}
    before, after = held.get("columns"), value.get("columns")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        merged[key]["columns"] = {**before, **after}


def _preset_of(variables: Mapping[str, str]) -> Layer:
    name = variables.get("SHOP_PRESET")
    return {"preset": name} if name else {}


def _unheard(plain: Layer, merged: Layer) -> tuple[str, ...]:
    """Say which variables a preset or file overrides, so that none is ignored in silence."""
    return tuple(
        UNHEARD.format(place=place)
        for place, value, held in _settings(plain, merged)
        if not _is_heard(value, held)
    )


def _settings(plain: Layer, merged: Layer) -> Iterator[tuple[str, object, object]]:
    """Yield the place of each setting, what the variable says, and what holds."""
    for name, group in plain.items():
        held = merged.get(name)
        if not isinstance(group, dict):
            yield name, group, held
            continue
        for key, value in group.items():
            yield f"{name}.{key}", value, held.get(key) if isinstance(held, dict) else None


def _is_heard(value: object, held: object) -> bool:
    if isinstance(value, dict) and isinstance(held, dict):
        return value.items() <= held.items()
    return value == held


def _validated(merged: Layer, plain: Layer) -> ShopMapping:
    if merged.get("line_items") in ("", {"table": ""}):
        merged["line_items"] = None
    try:
        mapping = ShopMapping.model_validate(merged)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        path = tuple(str(part) for part in problem["loc"])
        raise InvalidMapping(_place(path, plain, merged), said_of(path, problem)) from None
    return mapping.model_copy(update={"notes": (*mapping.notes, *mapping.contradictions)})


def _place(path: tuple[str, ...], plain: Layer, merged: Layer) -> str:
    """Name a setting as it was set: by its variable, or by its place in a file."""
    setting = path[:2]
    variable = VARIABLES.get(setting)
    from_variable = variable and _at(plain, setting) == _at(merged, setting)
    return variable if variable and from_variable else ".".join(path)


def _at(layer: Layer, path: tuple[str, ...]) -> object:
    held: object = layer
    for key in path:
        held = held.get(key) if isinstance(held, Mapping) else None
    return held
