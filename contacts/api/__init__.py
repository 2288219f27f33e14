"""The HTTP API, /v2 (api.md): what every endpoint has in common, and those of contacts."""
