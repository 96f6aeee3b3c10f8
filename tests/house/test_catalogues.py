"""The committed catalogues tell what the code promises."""

import json
import re

import pytest

from loyalty.gateways.catalogues.queries import pages
from tests.house.source import ROOT


@pytest.mark.parametrize("name", ["errors.md", "events.md", "event-schemas.json", "permissions.md"])
def test_catalogue__committed__equals_the_code(name: str) -> None:
    path = f"docs/api/{name}"
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path], "run ./khaywe manage write_catalogues"


def test_configuration__page__tells_every_section_and_field_of_the_code() -> None:
    path = "docs/operating/configuration.md"
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path], "run ./khaywe manage write_catalogues"


def test_openapi__committed__equals_the_code() -> None:
    path = "docs/api/openapi.json"
    assert json.loads((ROOT / path).read_text(encoding="utf-8")) == json.loads(pages()[path])


def test_openapi__paths__have_the_form_of_the_contract() -> None:
    document = json.loads(pages()["docs/api/openapi.json"])
    odd = [path for path in document["paths"] if path.startswith("/api/") and not path.endswith("/")]
    assert odd == []
    without_problem = [
        f"{verb} {path}"
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if isinstance(operation, dict) and "default" not in operation["responses"]
    ]
    assert without_problem == []


def test_component_types__committed__are_read_from_the_packages_beside_them() -> None:
    text = (ROOT / "console/src/types/components.d.ts").read_text(encoding="utf-8")
    # Written where the packages lie behind a link, the file names another folder, and nothing there has a type.
    places = set(re.findall(r"import\('([^']*?)node_modules/", text))
    assert places == {"./../../"}
