"""The tag that writes the rows of All Contacts."""

from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from contacts.rows import rows_of

register = template.Library()


@register.simple_tag(takes_context=True)
def contact_rows(context: Context) -> SafeString:
    """A row for each contact of the `page`, under `columns`."""
    assert context.template is not None  # it is being rendered
    row = context.template.engine.get_template("contacts/_row.html")

    def render(given: dict[str, Any]) -> str:
        with context.push(**given):
            return str(row.render(context))

    return rows_of(
        context["page"].contacts, context["columns"], open_id=context["open_id"], render=render
    )
