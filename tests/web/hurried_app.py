"""The application, with pages that wait for nothing that takes long: as at a million customers."""

from backend.main import app
from backend.web.rooms.customers import customers_reads, routes

customers_reads.HURRY_SECONDS = 0
routes.FRAME_SECONDS = 0

__all__ = ["app"]
