"""The organisation's CRM: which record is a contact's, what is written to it, and what a person decides.

Vendors differ in `connectors`; everything here is the same for all of them.
"""
