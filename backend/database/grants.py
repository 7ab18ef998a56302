"""The statement that gives a right which a database says is missing."""

import re

WANTED = {"shop": "SELECT", "intelligence": "SELECT, INSERT, UPDATE, DELETE"}
ON_SCHEMA = {"shop": "USAGE", "intelligence": "USAGE, CREATE"}
ON_DATABASE = {"shop": "SELECT", "intelligence": "ALL PRIVILEGES"}
# permission denied for table orders
POSTGRESQL = re.compile(
    r"permission denied for (?P<kind>schema|database|sequence|(?:foreign )?table|relation|view"
    r"|materialized view) (?P<name>\S+)$"
)
# SELECT command denied to user 'reader' for table `shop`.`orders`
MYSQL = re.compile(r"command denied to user '(?P<user>[^']*)' for (?:table|column) (?P<name>\S+)")
# Access denied for user 'reader' to database 'shop'
MYSQL_DATABASE = re.compile(r"denied for user '(?P<user>[^']*)' to database '(?P<name>[^']*)'")


def missing_grant(words: str, database: str, user: str | None) -> str:
    """Say what gives the right that these words miss.

    Parameters
    ----------
    words
        The database's own.
    database
        "shop" or "intelligence".
    user
        Who lacks it, where the words do not say.
    """
    if words.startswith("must be owner"):
        return "run python -m backend migrate as its owner, and set AUTO_MIGRATE=false"
    statement = _statement(words, database, user or "its user")
    advice = f"grant it: {statement}" if statement else "let the user have it"
    if database == "shop":
        return advice
    return (
        f"{advice}; or migrate as a user who may and set AUTO_MIGRATE=false, or name a database "
        "of its own in INTELLIGENCE_DATABASE_URL"
    )


def _statement(words: str, database: str, user: str) -> str | None:
    if found := MYSQL_DATABASE.search(words):
        return f"GRANT {ON_DATABASE[database]} ON {found['name']}.* TO '{found['user']}'"
    if found := MYSQL.search(words):
        whole, name = database == "intelligence", found["name"].replace("'", "`")
        place = f"{name.partition('.')[0]}.*" if whole and "." in name else name
        return f"GRANT {ON_DATABASE[database]} ON {place} TO '{found['user']}'"
    if found := POSTGRESQL.search(words):
        return f"GRANT {_on_postgresql(found['kind'], database)}{found['name']} TO {user}"
    return None


def _on_postgresql(kind: str, database: str) -> str:
    if kind == "schema":
        return f"{ON_SCHEMA[database]} ON SCHEMA "
    if kind == "database":
        return "CONNECT ON DATABASE "
    if kind == "sequence":
        return "USAGE ON SEQUENCE "
    return f"{WANTED[database]} ON "
