"""Exports: contacts as rows of a CSV or XLSX file, streamed at once or written by a worker."""
