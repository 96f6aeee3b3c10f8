"""How an OpenID Connect provider is set up: the section `oidc`, by default what the environment says."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from loyalty.foundation.configuration.contracts import Field, FieldType, SectionSpec
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress
from loyalty.foundation.signing_in.kinds.oidc import Provider, try_out

CODE = "oidc"


def provider_of(values: Mapping[str, Any]) -> Provider:
    """Give the provider that the values of the section describe."""
    return Provider(
        issuer=str(values["issuer"]),
        client_id=str(values["client_id"]),
        client_secret=str(values["client_secret"] or ""),
        scopes=tuple(values["scopes"]),
    )


def validate(values: Mapping[str, Any]) -> list[FieldProblem]:
    """Tell what is wrong with the values; an empty issuer switches the provider off."""
    problems = []
    if values["issuer"]:
        try:
            egress.check_url(str(values["issuer"]), "oidc")
        except egress.EgressRefusal as refusal:
            problems.append(FieldProblem("issuer", refusal.code, refusal.detail))
        if not values["client_id"]:
            problems.append(FieldProblem("client_id", "required", "The provider knows the platform by an id."))
        if "openid" not in values["scopes"]:
            problems.append(FieldProblem("scopes", "required", "Without the scope openid there is no ID token."))
    return problems


def _text(name: str, title: str, setting: str, **options: Any) -> Field:
    return Field(name, FieldType.TEXT, title, lambda: getattr(settings, setting), setting=setting, **options)


SECTION = SectionSpec(
    code=CODE,
    title="Identity provider",
    title_in={"ar": "مزوّد الهوية"},
    description="Sign in with the operator's own accounts, by OpenID Connect. Empty issuer: switched off.",
    fields=(
        _text("issuer", "Issuer", "LOYALTY_OIDC_ISSUER", is_endpoint=True, high=300),
        _text("client_id", "Client id", "LOYALTY_OIDC_CLIENT_ID", is_endpoint=True, high=200),
        Field(
            "client_secret",
            FieldType.SECRET,
            "Client secret",
            lambda: settings.LOYALTY_OIDC_CLIENT_SECRET,
            setting="LOYALTY_OIDC_CLIENT_SECRET",
        ),
        _text("name", "Name on the button", "LOYALTY_OIDC_NAME", high=60),
        Field("scopes", FieldType.LIST, "Scopes", lambda: ["openid", "profile", "email"]),
        Field("username_claim", FieldType.TEXT, "Claim with the user name", lambda: "preferred_username", high=60),
        Field("role_claim", FieldType.TEXT, "Claim with the groups", lambda: "groups", high=60),
        Field(
            "roles",
            FieldType.TABLE,
            "Roles of groups",
            lambda: settings.LOYALTY_OIDC_ROLES,
            setting="LOYALTY_OIDC_ROLES",
            description="Group of the provider to role here; set anew at each sign-in. Empty: roles are given here.",
        ),
        Field(
            "creates_users",
            FieldType.FLAG,
            "Make users",
            lambda: settings.LOYALTY_OIDC_CREATES_USERS,
            setting="LOYALTY_OIDC_CREATES_USERS",
            description="Make a user for a person whom nobody here knows yet, when a group gives them a role.",
        ),
    ),
    validate=validate,
    test=lambda values: try_out(provider_of(values)),
)
