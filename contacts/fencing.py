"""Searching only what somebody may see, so that the time it takes tells nothing about the rest.

The search index knows every contact. A search through it visits the hidden matches too, before it
leaves them out, and takes measurably longer for a word that stands only in hidden contacts: an
oracle that nobody counts. Within the fence the person's own contacts are read and compared instead.

That costs about 1 ms for each thousand of them, so it ends at 50,000. Whoever sees more than that
searches through the index; for them alone the time of a search still depends on hidden contacts.
"""

FENCED_UP_TO = 50_000
