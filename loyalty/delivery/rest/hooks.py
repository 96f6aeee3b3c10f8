"""Where providers tell what became of our messages. They need no sign-in: the signature says who they are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from loyalty.delivery import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.problems import problem_response

# SendGrid's batches are the longest, below half a megabyte.
BODY_BYTES_MAX = 1_000_000


@never_cache
@csrf_exempt  # providers post without a cookie; the signature is what authorises
@require_http_methods(["GET", "HEAD", "POST"])
def told(request: HttpRequest, channel: str, provider: str) -> HttpResponse:
    """Keep what a provider says, and answer when it is kept."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_BYTES_MAX:
        return HttpResponse(status=413)
    call = api.Call(
        method=request.method or "",
        url=settings.PUBLIC_URL + request.get_full_path(),
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.GET.dict(),
        body=request.body,
        now=clock.now(),
    )
    try:
        answer = api.take_hook(channel=channel, provider=provider, call=call)
    except (api.HookUnknown, api.HookRefused) as refusal:
        status = 404 if isinstance(refusal, api.HookUnknown) else 403
        return problem_response(request, status, refusal.code, refusal.title, refusal.detail)
    return HttpResponse(answer, content_type="text/plain; charset=utf-8")
