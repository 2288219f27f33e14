#!/usr/bin/env python
"""Command line of Kith: `manage.py demo`, `migrate`, `import_contacts` and Django's own commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        # Before the settings are read: on a server database they would ask for production's secrets.
        os.environ.setdefault("KITH_MODE", "demo")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
