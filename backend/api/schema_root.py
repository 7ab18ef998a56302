"""The root of what the API sends and takes as JSON."""

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """A JSON body; what checks and writes it is built when the first one comes or goes.

    Built with the classes, as pydantic does by itself, it took a tenth of a second of every start.
    """

    model_config = ConfigDict(defer_build=True)
