"""The preference centre: a page that needs no sign-in, because the signed link says whose it is."""

from collections.abc import Mapping
from datetime import datetime, time

from django.conf.locale import LANG_INFO
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from loyalty.delivery import api
from loyalty.delivery.rest.pages import language_for, not_ours, page, words_of
from loyalty.foundation.kernel import clock

ALL_OFF = "all_off"


@never_cache
@csrf_exempt  # no cookie says who it is; the signed token is what authorises
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show a customer's choices on GET, keep them on POST; a machine that follows links changes nothing."""
    try:
        if request.method != "POST":
            return _shown(request, api.find_choices(token=token))
        if request.POST.get("action") == ALL_OFF:
            return _shown(request, api.refuse_all(token=token, now=clock.now()), "preferences.off.done")
        return _saved(request, token)
    except api.LinkInvalid:
        return not_ours(request)


def _saved(request: HttpRequest, token: str) -> HttpResponse:
    held = api.find_choices(token=token)
    ticked = set(request.POST.getlist("on"))
    try:
        choices = api.save_choices(
            token=token,
            granted={(one.channel, one.purpose): _name(one) in ticked for one in held.choices},
            # One that is not offered would be one that nothing is written in.
            language=_offered(request.POST.get("language", ""), held),
            quiet_starts=_time(request.POST.get("quiet_starts", "")),
            quiet_ends=_time(request.POST.get("quiet_ends", "")),
            now=clock.now(),
        )
    except api.PreferencesInvalid:
        return _shown(request, held, "preferences.wrong", status=400)
    return _shown(request, choices, "preferences.saved")


def _offered(language: str, held: api.CustomerChoices) -> str:
    return language if language in held.languages else held.language


def _time(text: str) -> time | None:
    """Read ``HH:MM``, with or without seconds; anything else is no time."""
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            return datetime.strptime(text, form).time()  # noqa: DTZ007 - a time of day by the customer's own clock
        except ValueError:
            continue
    return None


def _name(choice: api.Choice) -> str:
    return f"{choice.channel}:{choice.purpose}"


def _shown(request: HttpRequest, held: api.CustomerChoices, said: str = "", *, status: int = 200) -> HttpResponse:
    language = language_for(request, held.language)
    words = words_of(language)
    if held.is_test:
        said = "preferences.test"
    role = "alert" if status >= 400 else "status"
    body = format_html(
        "{}<p>{}</p><form method='post'>{}{}{}<button name='action' value='save'>{}</button></form>"
        "<hr><form method='post'><button class='second' name='action' value='{}'>{}</button>"
        "<p class='quiet'>{}</p></form>",
        format_html("<p role='{}'>{}</p>", role, words[said]) if said else "",
        words["preferences.intro"],
        _purposes(held, words),
        _languages(held, words["preferences.language"]),
        _quiet(held, words),
        words["preferences.save"],
        ALL_OFF,
        words["preferences.off"],
        words["preferences.off.hint"],
    )
    return page(language, words["preferences.title"], body, status=status)


def _purposes(held: api.CustomerChoices, words: Mapping[str, str]) -> SafeString:
    purposes = dict.fromkeys(one.purpose for one in held.choices)
    return format_html_join(
        "",
        "<fieldset><legend>{}</legend>{}</fieldset>",
        (
            (
                words.get(purpose, purpose),
                format_html_join(
                    "",
                    "<label class='row'><span>{}</span><input type='checkbox' name='on' value='{}'{}></label>",
                    (
                        (
                            words.get(one.channel, one.channel),
                            _name(one),
                            SafeString(" checked") if one.is_granted else "",
                        )
                        for one in held.choices
                        if one.purpose == purpose
                    ),
                ),
            )
            for purpose in purposes
        ),
    )


def _languages(held: api.CustomerChoices, title: str) -> SafeString:
    options = format_html_join(
        "",
        "<option value='{}' lang='{}'{}>{}</option>",
        ((tag, tag, SafeString(" selected") if tag == held.language else "", _name_of(tag)) for tag in held.languages),
    )
    return format_html(
        "<fieldset><legend>{0}</legend><select name='language' aria-label='{0}'>{1}</select></fieldset>", title, options
    )


def _name_of(tag: str) -> str:
    """Give the name of a language in itself."""
    info = LANG_INFO.get(tag.lower()) or LANG_INFO.get(tag.split("-", maxsplit=1)[0])
    name = str(info["name_local"]) if info and "name_local" in info else tag
    return name[:1].upper() + name[1:]


def _quiet(held: api.CustomerChoices, words: Mapping[str, str]) -> SafeString:
    rows = (
        (words["preferences.from"], "quiet_starts", held.quiet_starts),
        (words["preferences.until"], "quiet_ends", held.quiet_ends),
    )
    inputs = format_html_join(
        "",
        "<label>{}<input type='time' name='{}' value='{}'></label>",
        ((title, name, at.isoformat("minutes") if at else "") for title, name, at in rows),
    )
    return format_html(
        "<fieldset><legend>{}</legend><p class='quiet'>{}</p><div class='times'>{}</div></fieldset>",
        words["preferences.quiet"],
        words["preferences.quiet.hint"],
        inputs,
    )
