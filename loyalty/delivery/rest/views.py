"""The signed links in messages. They need no sign-in: the signature says which message they belong to."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from loyalty.delivery import api
from loyalty.delivery.rest.pages import language_for, not_ours, page, words_of
from loyalty.foundation.kernel import clock

# The smallest transparent picture in the GIF format.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def visitor_of(request: HttpRequest) -> api.Visitor:
    """Give what a request tells of who asks."""
    told = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return api.Visitor(
        method=request.method or "GET",
        user_agent=request.headers.get("User-Agent", "")[:1_000],
        purpose=" ".join(told)[:200],
    )


@never_cache
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Note that the message was shown; what machines do is marked and counts nowhere."""
    try:
        api.open_by(token=token, visitor=visitor_of(request), now=clock.now())
    except api.LinkInvalid:
        return HttpResponse(status=404)
    return HttpResponse(PIXEL, content_type="image/gif")


@never_cache
@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on to the address that the message named, and note the click."""
    try:
        target = api.click_by(token=token, visitor=visitor_of(request), now=clock.now())
    except api.LinkInvalid:
        return not_ours(request)
    return HttpResponseRedirect(target)


@never_cache
@require_safe
def followed(request: HttpRequest, token: str) -> HttpResponse:
    """Lead on from a short link of a text message, and note the click."""
    try:
        target = api.short_click_by(token=token, visitor=visitor_of(request), now=clock.now())
    except api.LinkInvalid:
        return not_ours(request)
    return HttpResponseRedirect(target)


@never_cache
@csrf_exempt  # mail programs post without a cookie (RFC 8058); the signed token is what authorises
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, act on POST: a machine that follows links withdraws nobody's consent."""
    try:
        way_out = api.find_way_out(token=token)
        if request.method == "POST":
            api.unsubscribe_by(token=token, now=clock.now())
    except api.LinkInvalid:
        return not_ours(request)
    language = language_for(request, way_out.language)
    words = words_of(language)
    what = " · ".join(words.get(one, one) for one in (way_out.purpose, way_out.channel))
    choose = format_html("<p><a href='{}'>{}</a></p>", f"/p/{way_out.preferences_token}", words["unsubscribe.choose"])
    if request.method == "POST":
        done = format_html("<p role='status'>{} {}</p>{}", words["unsubscribe.done"], what, choose)
        return page(language, words["unsubscribe.done.title"], done)
    body = format_html(
        "<p>{}<br><strong>{}</strong></p><form method='post'><button type='submit'>{}</button></form>{}",
        words["unsubscribe.ask"],
        what,
        words["unsubscribe.do"],
        choose,
    )
    return page(language, words["unsubscribe.title"], body)
