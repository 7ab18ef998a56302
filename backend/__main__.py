"""`python -m backend`."""

from backend.cli.main_command import main

if __name__ == "__main__":
    main()
