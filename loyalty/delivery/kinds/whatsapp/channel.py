"""The channel WhatsApp: a template of Meta's with its parameters, or a free text."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from loyalty.delivery.contracts import ChannelCode, Rendered
from loyalty.delivery.kinds import addresses
from loyalty.delivery.kinds.http import Kept
from loyalty.delivery.kinds.notices import parsed, text_problems, variables_of, without_controls
from loyalty.delivery.kinds.protocol import Connection
from loyalty.delivery.kinds.whatsapp.cloud import Cloud
from loyalty.delivery.kinds.whatsapp.section import WHATSAPP, is_whatsapp_set
from loyalty.delivery.policy import templates
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.errors import FieldProblem

# A text of WhatsApp's has at most 4,096 characters, a parameter 1,024.
BODY_LENGTH_MAX, PARAMETER_LENGTH_MAX, PARAMETERS_MAX = 4_096, 1_024, 20
NAME = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?", re.ASCII)
# Not ``template``: that names a template of ours, wherever a content is asked for.
OF_TEMPLATE = ("meta_template", "language", "parameters")


class WhatsAppChannel:
    """Messages by WhatsApp.

    A content is ``{"meta_template", "language", "parameters"?}``, a parameter on each line, or ``{"body"}``, which Meta
    carries only to customers who wrote within a day.
    """

    code = ChannelCode.WHATSAPP.value
    address_words = addresses.TELEPHONE_WORDS
    window = 20

    def __init__(self) -> None:
        self._kept = Kept(Cloud)

    def is_configured(self) -> bool:
        """Tell whether a number of ours is set up."""
        return is_whatsapp_set(configuration.read(WHATSAPP.code))

    def is_address(self, text: str) -> bool:
        """Tell whether it is a telephone number."""
        return addresses.is_telephone(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content."""
        is_template = "meta_template" in content
        allowed = OF_TEMPLATE if is_template else ("body",)
        found = [
            FieldProblem(f"{field}.{name}", "unknown_field", "This field is not known here.")
            for name in content
            if name not in allowed
        ]
        if is_template:
            return found + _template_problems(content, field, known)
        body = content.get("body")
        if not isinstance(body, str) or not body.strip():
            return [*found, FieldProblem(f"{field}.body", "required", "A message needs a body or a template.")]
        return found + text_problems(body, f"{field}.body", known, BODY_LENGTH_MAX)

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        return variables_of(content, ("body", "parameters"))

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the message of one customer."""
        source = content.get("parameters", "") if "meta_template" in content else content["body"]
        text = templates.render(parsed(source), values, without_controls)
        parts = {"template": content.get("meta_template", ""), "language": content.get("language", "")}
        return Rendered(subject="", html="", text=text, parts=parts)

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give nothing: a message has no headers."""
        return {}

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give the API."""
        yield self._kept.of(configuration.read(WHATSAPP.code))


def _template_problems(content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
    found = []
    name, language, parameters = (content.get(part, "") for part in OF_TEMPLATE)
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        message = "Small letters, digits and _, as Meta knows it."
        found.append(FieldProblem(f"{field}.meta_template", "invalid", message))
    if not (isinstance(language, str) and LANGUAGE.fullmatch(language)):
        found.append(FieldProblem(f"{field}.language", "invalid", "A language as Meta writes it: en, ar, pt_BR."))
    place = f"{field}.parameters"
    if not isinstance(parameters, str) or len(parameters.splitlines()) > PARAMETERS_MAX:
        found.append(FieldProblem(place, "invalid", f"A text of at most {PARAMETERS_MAX} lines."))
    elif any(not line.strip() or len(line) > PARAMETER_LENGTH_MAX for line in parameters.splitlines()):
        message = f"Each line is a parameter of 1 to {PARAMETER_LENGTH_MAX} characters."
        found.append(FieldProblem(place, "invalid", message))
    else:
        found += text_problems(parameters, place, known, PARAMETERS_MAX * PARAMETER_LENGTH_MAX)
    return found
