"""The pages about people, by flow."""
