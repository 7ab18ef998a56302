"""What a process builds when it first needs it is built here ahead of that, to be forked with.

How models become JSON and come from it is put off by the code, since many processes need little of
it, and so are the rooms of the pages with their templates; those that are forked from one that has
imported this find it there.
"""

from collections.abc import Iterator

from pydantic import BaseModel

from backend.report import page
from backend.store import stored
from backend.web import showing
from backend.web.house import rooms_found


def known_models(above: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Give all models that what is imported so far has declared."""
    for model in above.__subclasses__():
        yield model
        yield from known_models(model)


rooms_found()
for templates in (showing._environment, page._environment):
    for name in templates.list_templates(extensions=["html"]):
        templates.get_template(name)
for one in {*known_models()}:
    if one.__module__.startswith("backend."):
        one.model_rebuild(raise_errors=False)
for kind in vars(stored).values():
    if isinstance(kind, stored.StoredKind):
        kind._adapter.rebuild()  # it is kept where it was asked for
