"""The CSV import: reading a file, mapping its columns, planning, committing, undoing."""
