"""Filters of All Contacts: several properties are combined by AND, values of one by OR.

In the URL each is `f.<property>=<how>:<value>`, as in `f.city=contains:lyon`; status, owner and
captured on also have parameters of their own.

- `terms`: one value, as typed and as shown
- `conditions`: what it asks of the database
- `registry`: which filters there are
- `reading`: from the URL and back
- `editor`: adding one by hand
"""
