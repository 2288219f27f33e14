"""One change of many contacts: selecting, starting, running chunk by chunk, undoing."""
