"""Routes whose answer is a file give it whatever a client says it accepts."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class FileNegotiation(DefaultContentNegotiation):
    """The view writes the file itself; the renderer chosen here says no more than how a refusal is written.

    Without this, a client that asks for ``text/csv``, as it should, is refused: no renderer is called that.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Give the first renderer, which is that of every other route."""
        first = next(iter(renderers))
        return first, first.media_type or ""
