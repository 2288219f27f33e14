"""Pages of one role only: for everybody else they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponseBase

from contacts.access import may_administer
from contacts.views.requests import HtmxHttpRequest

Args = ParamSpec("Args")
View = Callable[Concatenate[HtmxHttpRequest, Args], HttpResponseBase]


def administrators_only(view: View[Args]) -> View[Args]:
    """404 for whoever may not administer, exactly like an address that does not exist."""

    @login_required
    @wraps(view)
    def guarded(
        request: HtmxHttpRequest, *args: Args.args, **kwargs: Args.kwargs
    ) -> HttpResponseBase:
        if not may_administer(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
