"""All our tables, wherever they are declared: what is migrated, granted, erased and exported."""

from backend.store import campaign_tables, tables

# Importing them declares what they hold.
DECLARED_IN = (tables, campaign_tables)
intelligence = tables.intelligence
