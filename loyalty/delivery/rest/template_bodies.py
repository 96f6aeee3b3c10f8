"""Bodies of the routes of templates."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from loyalty.delivery import api
from loyalty.delivery.contracts import ChannelCode, Severity
from loyalty.delivery.models import MessageTemplate, TemplateVersion
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer, WholeNumberField

CHANNELS = [channel.value for channel in ChannelCode]
DRAFT_FIELDS = ("variables", "fallback_languages", "content")
# The longest body of any channel; a channel's own bound is told by the channel.
PART_LENGTH_MAX = 100_000
CODE = r"^[a-z][a-z0-9_-]{1,59}$"


class VariableSerializer(StrictSerializer):
    """A name that the template may use; without a fallback a customer who has no value is skipped."""

    name = serializers.CharField(max_length=64)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    fallback = serializers.CharField(
        max_length=200, required=False, allow_null=True, allow_blank=True, default=None, trim_whitespace=False
    )
    sample = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ContentField(serializers.DictField):
    """Texts by language, each the channel's parts: ``{"en": {"subject": …, "body": …}}``."""

    def __init__(self, **options: Any) -> None:
        part = serializers.CharField(max_length=PART_LENGTH_MAX, allow_blank=True, trim_whitespace=False)
        super().__init__(**{"child": serializers.DictField(child=part), **options})


class ChangedTemplate(StrictSerializer):
    """What may change on a template; what is not named stays."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    variables = VariableSerializer(many=True, required=False)
    fallback_languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    content = ContentField(required=False)
    is_archived = serializers.BooleanField(required=False)


class NewTemplate(StrictSerializer):
    """A template to make."""

    code = serializers.RegexField(CODE, max_length=60, help_text="How messages refer to it; it never changes.")
    channel = serializers.CharField(max_length=10)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    variables = VariableSerializer(many=True, required=False, default=list)
    fallback_languages = serializers.ListField(child=serializers.CharField(max_length=20))
    content = ContentField(required=False, default=dict)


class Publish(StrictSerializer):
    """What is said of a publication."""

    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class Restore(StrictSerializer):
    """The version that becomes the draft."""

    number = WholeNumberField(min_value=1, max_value=999_999)


class Preview(StrictSerializer):
    """What to show: for a customer, in a language, of a version or of the draft with what is not saved yet."""

    customer_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    customer_ref = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    language = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    version = WholeNumberField(min_value=1, max_value=999_999, required=False, allow_null=True, default=None)
    values = serializers.DictField(
        child=serializers.CharField(max_length=1_000, allow_blank=True), required=False, default=dict
    )
    variables = VariableSerializer(many=True, required=False)
    fallback_languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    content = ContentField(required=False)


class TemplateTest(Preview):
    """What to send, as in a preview, and to whom: an address of the channel, of the operator's own."""

    to = serializers.CharField(max_length=254)


class TemplateTestSent(serializers.Serializer):  # type: ignore[type-arg]
    """A test that is under way."""

    test_id = serializers.UUIDField()
    to = serializers.CharField()


class FindingSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What may hurt the text on its way."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=[one.value for one in Severity])
    field = serializers.CharField()
    detail = serializers.CharField()


class RenderedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A message as one customer gets it."""

    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()


class TemplatePreviewAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """A template as one customer gets it; ``missing`` names the variable without which they are skipped."""

    language = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    rendered = RenderedSerializer(allow_null=True)
    missing = serializers.CharField()
    findings = FindingSerializer(many=True)
    figures = ExactJSONField()


class TemplateSerializer(serializers.ModelSerializer[MessageTemplate]):
    """A template: its draft, and the number of the version that messages are written with."""

    id = serializers.UUIDField(source="public_id")
    variables = VariableSerializer(many=True)
    fallback_languages = serializers.ListField(child=serializers.CharField())
    content = ContentField()
    published = serializers.IntegerField(allow_null=True)

    class Meta:
        model = MessageTemplate
        fields = (
            *("id", "code", "name", "description", "channel", "variables", "fallback_languages", "content"),
            *("published", "is_archived", "created_at", "updated_at", "version"),
        )


class TemplateVersionSerializer(serializers.ModelSerializer[TemplateVersion]):
    """A publication."""

    languages = serializers.SerializerMethodField()

    class Meta:
        model = TemplateVersion
        fields = ("number", "note", "published_by", "published_at", "languages")

    def get_languages(self, row: TemplateVersion) -> list[str]:
        """Give the languages that it has texts in."""
        return sorted(row.content)


class WholeVersionSerializer(serializers.ModelSerializer[TemplateVersion]):
    """A publication with its texts."""

    variables = VariableSerializer(many=True)
    fallback_languages = serializers.ListField(child=serializers.CharField())
    content = ContentField()

    class Meta:
        model = TemplateVersion
        fields = (
            *("number", "note", "published_by", "published_at"),
            *("variables", "fallback_languages", "content"),
        )


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give fields of a checked body as a draft has them."""
    made = dict(given)
    if "variables" in made:
        made["variables"] = tuple(api.TemplateVariable(**one) for one in made["variables"])
    if "fallback_languages" in made:
        made["fallback_languages"] = tuple(made["fallback_languages"])
    return made


def draft_of(given: Mapping[str, Any]) -> api.TemplateDraft:
    """Make a draft of a checked body."""
    return api.TemplateDraft(**typed(given))
