"""Who stands behind a request."""

from typing import Protocol, cast, runtime_checkable

from rest_framework.request import Request

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Unauthenticated


@runtime_checkable
class HasActor(Protocol):
    """A user or a token that can say which actor it is."""

    def as_actor(self) -> Actor:
        """Give the actor."""
        ...


def actor_of(request: Request) -> Actor:
    """Give the actor of an authenticated request: the token when one was used, else the user.

    :raises Unauthenticated: nobody is signed in.
    """
    for holder in (request.auth, request.user):
        # Asking for the method costs a request less than asking for the protocol.
        if callable(getattr(holder, "as_actor", None)):
            return cast(HasActor, holder).as_actor()
    raise Unauthenticated()
