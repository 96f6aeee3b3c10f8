"""Letters to the platform's own people: by the same mail server as all mail, and kept nowhere, as they hold secrets.

Nobody's consent is asked and no send is written: the reader asked for it at the door, and is no customer.
"""

import logging
from html import escape

from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import ChannelNotAvailable, DeliveryError
from loyalty.delivery.kinds import registry
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.signing_in import api as signing_in

log = logging.getLogger("loyalty.delivery")

SUBJECT = "Your new password · كلمة مرورك الجديدة"
# Nobody's language is known before they are in.
ENGLISH = (
    "Somebody asked for a new password for the account {name}. Choose it here within the hour; the link works once:",
    "If it was not you, do nothing: your password stays as it is.",
)
ARABIC = (
    "طلب أحدهم كلمة مرور جديدة للحساب {name}. اخترها من هنا خلال ساعة؛ يعمل الرابط مرة واحدة:",
    "إن لم تكن أنت فلا تفعل شيئًا: تبقى كلمة مرورك كما هي.",
)


def carry(letter: signing_in.Letter) -> bool:
    """Hand a letter to the mail server; False when nobody has it, so that it may be tried again."""
    message = Outgoing(
        send_id=new_public_id(),
        address=letter.to,
        rendered=_written(letter),
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"},
    )
    try:
        with registry.get(ChannelCode.EMAIL.value).connect() as connection:
            outcomes = connection.hand_over([message])
    except (ChannelNotAvailable, DeliveryError) as fault:
        log.warning("a letter was not taken over: %s", fault.code)
        return False
    outcome = outcomes[0] if outcomes else None
    if isinstance(outcome, DeliveryError):
        log.warning("a letter was not taken over: %s", outcome.code)
        # What was refused for good, or may have gone, is not sent again.
        return outcome.is_permanent or outcome.is_unknown
    return isinstance(outcome, Receipt)


def _written(letter: signing_in.Letter) -> Rendered:
    parts = [[line.format(name=letter.name) for line in lines] for lines in (ENGLISH, ARABIC)]
    text = "\n\n".join(f"{before}\n{letter.link}\n\n{after}" for before, after in parts)
    link = f'<p dir="ltr"><a href="{escape(letter.link)}">{escape(letter.link)}</a></p>'
    html = "".join(
        f'<div lang="{language}" dir="{direction}"><p>{escape(before)}</p>{link}<p>{escape(after)}</p></div>'
        for (before, after), language, direction in zip(parts, ("en", "ar"), ("ltr", "rtl"), strict=True)
    )
    return Rendered(subject=SUBJECT, html=html, text=text)
