"""All English that people read of results: facts in, sentences out; one file per theme."""
