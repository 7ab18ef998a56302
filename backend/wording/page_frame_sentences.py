"""What stands around every page."""

SERVICE = "Intelligence"
SKIP = "Skip to the page"
ROOMS = "Rooms"
SIGN_OUT = "Sign out"
ADMIN = "admin"
MASKED = "without names"
AS_TABLE = "As a table"
