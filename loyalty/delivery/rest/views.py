"""The signed links in messages. They need no sign-in: the signature says which message they belong to."""

from html import escape

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from loyalty.delivery import api
from loyalty.foundation.kernel import clock

# The smallest transparent picture in the GIF format.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.125rem/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; }}
main {{ max-width: 32rem; margin: 0 auto; }}
button {{ font: inherit; padding: .6rem 1.2rem; border: 2px solid currentColor; border-radius: .4rem;
  background: transparent; color: inherit; cursor: pointer; }}
button:focus-visible {{ outline: 3px solid Highlight; outline-offset: 2px; }}
</style>
</head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>
"""
CHANNEL_WORDS = {"email": "e-mails", "sms": "text messages", "push": "push messages"}
PURPOSE_WORDS = {"marketing": "offers and news", "service": "service notices"}


def page(title: str, body: str, *, status: int = 200) -> HttpResponse:
    """Answer with one small page."""
    return HttpResponse(PAGE.format(title=escape(title), body=body), status=status)


def not_ours() -> HttpResponse:
    """Answer a link that we did not sign."""
    return page("This link is not valid", "<p>It may have been cut off. Please use the whole link.</p>", status=404)


@never_cache
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Note that the message was shown; only a GET counts, a HEAD is a machine that looks around."""
    try:
        if request.method == "GET":
            api.open_by(token=token, now=clock.now())
    except api.LinkInvalid:
        return HttpResponse(status=404)
    return HttpResponse(PIXEL, content_type="image/gif")


@never_cache
@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to the address that the message named, and note the click of a GET."""
    try:
        target = api.click_by(token=token, now=clock.now(), is_counted=request.method == "GET")
    except api.LinkInvalid:
        return not_ours()
    return HttpResponseRedirect(target)


@never_cache
@csrf_exempt  # mail programs post without a cookie (RFC 8058); the signed token is what authorises
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, act on POST: a machine that follows links withdraws nobody's consent."""
    try:
        if request.method == "POST":
            channel, purpose = api.unsubscribe_by(token=token, now=clock.now())
        else:
            channel, purpose = api.find_way_out(token=token)
    except api.LinkInvalid:
        return not_ours()
    what = f"{CHANNEL_WORDS.get(channel, channel)} with {PURPOSE_WORDS.get(purpose, purpose)}"
    if request.method == "POST":
        return page("You are unsubscribed", f'<p role="status">You will get no more {what}.</p>')
    return page(
        "Unsubscribe",
        f'<p>Do you want no more {what}?</p><form method="post"><button type="submit">Unsubscribe</button></form>',
    )
