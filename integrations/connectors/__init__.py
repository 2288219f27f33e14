"""How other systems spell what we want of them: one module a vendor."""
