"""`python -m backend`."""

from backend.cli import app

if __name__ == "__main__":
    app()
