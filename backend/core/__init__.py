"""What everything rests on: configuration, errors, time, logging. Imports nothing of ours."""
