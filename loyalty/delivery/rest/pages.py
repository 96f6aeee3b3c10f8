"""The few pages that customers see, without a script: the shell, and its words in the languages of the platform."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation.trans_real import parse_accept_lang_header

from loyalty.delivery.policy import languages

STYLE = SafeString("""
:root { color-scheme: light dark; --line: #d4d4d8; --soft: #f4f4f5; --quiet: #52525b; --strong: #065f46; --on: #fff;
  --page: #fff; --ink: #18181b; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3f3f46; --soft: #27272a; --quiet: #a1a1aa; --strong: #34d399; --on: #022c22;
    --page: #18181b; --ink: #f4f4f5; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; padding: 1.5rem 1rem 3rem; background: var(--page);
  color: var(--ink); }
main { max-width: 34rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: .5rem 0; }
.quiet { color: var(--quiet); }
fieldset { border: 1px solid var(--line); border-radius: .75rem; margin: 1.25rem 0; padding: .25rem 1rem .75rem; }
legend { font-weight: 600; padding: 0 .4rem; }
label.row { display: flex; align-items: center; gap: .75rem; min-height: 2.75rem; cursor: pointer; }
label.row + label.row { border-top: 1px solid var(--line); }
label.row span { flex: 1; }
input[type=checkbox] { width: 1.35rem; height: 1.35rem; accent-color: var(--strong); flex: none; }
.times { display: flex; gap: 1rem; flex-wrap: wrap; }
.times label { flex: 1 1 8rem; }
select, input[type=time] { font: inherit; color: inherit; background: transparent; width: 100%; min-height: 2.75rem;
  border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .6rem; }
select option { color: var(--ink); background: var(--page); }
button { font: inherit; font-weight: 600; width: 100%; min-height: 3rem; border-radius: .6rem; cursor: pointer;
  padding: .5rem 1.2rem; border: 2px solid var(--strong); background: var(--strong); color: var(--on); }
button.second { background: transparent; color: inherit; border-color: var(--line); }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
[role=status], [role=alert] { border-inline-start: 4px solid var(--strong); background: var(--soft);
  padding: .75rem 1rem; border-radius: .4rem; margin: 1rem 0; }
[role=alert] { border-color: #dc2626; }
hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0; }
a { color: inherit; }
""")

PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>
"""

ENGLISH: Mapping[str, str] = {
    "email": "E-mail",
    "sms": "Text message",
    "push": "Push message",
    "in_app": "In the app",
    "webhook": "Your own system",
    "whatsapp": "WhatsApp",
    "marketing": "Offers and news",
    "service": "Notices about your account",
    "invalid.title": "This link is not valid",
    "invalid.body": "It may have been cut off. Please use the whole link.",
    "unsubscribe.title": "Unsubscribe",
    "unsubscribe.ask": "Do you want no more of this?",
    "unsubscribe.do": "Unsubscribe",
    "unsubscribe.done.title": "You are unsubscribed",
    "unsubscribe.done": "You will get no more of this:",
    "unsubscribe.choose": "Choose what you get",
    "preferences.title": "Choose what you get",
    "preferences.intro": "Tick what you want to receive, and how. You can change it at any time.",
    "preferences.language": "Language",
    "preferences.quiet": "Do not disturb",
    "preferences.quiet.hint": "Offers and news wait until these hours are over. Leave both empty for none.",
    "preferences.from": "From",
    "preferences.until": "Until",
    "preferences.save": "Save",
    "preferences.saved": "Your choices are saved.",
    "preferences.off": "Stop all offers and news",
    "preferences.off.hint": "Notices about your account still reach you.",
    "preferences.off.done": "You will get no more offers and news.",
    "preferences.test": "You came here from a test message: nothing is changed.",
    "preferences.wrong": "Please give both hours, and not the same twice. Nothing was saved.",
}
ARABIC: Mapping[str, str] = {
    "email": "البريد الإلكتروني",
    "sms": "الرسائل النصية",
    "push": "إشعارات الهاتف",
    "in_app": "داخل التطبيق",
    "webhook": "نظامك الخاص",
    "whatsapp": "واتساب",
    "marketing": "العروض والأخبار",
    "service": "إشعارات تخص حسابك",
    "invalid.title": "هذا الرابط غير صالح",
    "invalid.body": "قد يكون الرابط مبتورًا. يُرجى استخدامه كاملًا.",
    "unsubscribe.title": "إلغاء الاشتراك",
    "unsubscribe.ask": "هل تريد التوقف عن تلقي ما يلي؟",
    "unsubscribe.do": "إلغاء الاشتراك",
    "unsubscribe.done.title": "أُلغي اشتراكك",
    "unsubscribe.done": "لن تتلقى بعد الآن:",
    "unsubscribe.choose": "اختر ما تتلقاه",
    "preferences.title": "اختر ما تتلقاه",
    "preferences.intro": "حدّد ما تريد تلقيه وكيف تتلقاه. يمكنك تغيير ذلك في أي وقت.",
    "preferences.language": "اللغة",
    "preferences.quiet": "عدم الإزعاج",
    "preferences.quiet.hint": "تنتظر العروض والأخبار حتى تنتهي هذه الساعات. اترك الحقلين فارغين لنتواصل معك في أي وقت.",
    "preferences.from": "من",
    "preferences.until": "إلى",
    "preferences.save": "حفظ",
    "preferences.saved": "حُفظت اختياراتك.",
    "preferences.off": "إيقاف كل العروض والأخبار",
    "preferences.off.hint": "ستظل تصلك الإشعارات التي تخص حسابك.",
    "preferences.off.done": "لن تتلقى عروضًا وأخبارًا بعد الآن.",
    "preferences.test": "وصلت إلى هنا من رسالة تجريبية: لن يتغير شيء.",
    "preferences.wrong": "يُرجى تحديد الساعتين، على أن تكونا مختلفتين. لم يُحفظ شيء.",
}
WORDS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "ar": ARABIC}


def words_of(language: str) -> Mapping[str, str]:
    """Give the words of a language that the pages have."""
    return WORDS[language]


def language_for(request: HttpRequest, own: str = "") -> str:
    """Give the language of a page: the one asked for, the customer's own, one that the browser accepts, or English."""
    accepted = [tag for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200])]
    wanted = [request.GET.get("lang", ""), own, *accepted]
    found = (tag for one in wanted for tag in languages.chain_of(one, ()) if tag in WORDS)
    return next(found, "en")


def page(language: str, title: str, body: SafeString, *, status: int = 200) -> HttpResponse:
    """Answer with one small page; ``body`` is HTML."""
    shown = format_html(
        PAGE,
        language=language,
        direction="rtl" if languages.is_right_to_left(language) else "ltr",
        title=title,
        style=STYLE,
        body=body,
    )
    return HttpResponse(shown, status=status, headers={"Content-Language": language})


def not_ours(request: HttpRequest) -> HttpResponse:
    """Answer a link that we did not sign."""
    language = language_for(request)
    words = words_of(language)
    return page(language, words["invalid.title"], format_html("<p>{}</p>", words["invalid.body"]), status=404)
