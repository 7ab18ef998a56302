"""What crosses walls and is stored: one type from the model to the database, the JSON, the page.

Every class here is a frozen dataclass of plain values. The text beneath a field says its unit and
range, and when it is null; the API's schema repeats it. What is stored is read again for ever
(`backend.store.stored`): a field that is added has a default that says it is unknown.
"""
