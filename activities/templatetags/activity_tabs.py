"""The tabs of Activities that are no meetings."""

from django import template

from activities.activity_views import ActivityView, activity_views

register = template.Library()


@register.simple_tag
def other_activities() -> list[ActivityView]:
    return activity_views()
