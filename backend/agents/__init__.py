"""What agents are given: tools, resources and prompts over the reads of the API, by MCP."""
