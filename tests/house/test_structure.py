"""The structure as Django sees it: floors of foreign keys, declared permissions, docs that say what the code says."""

import configparser
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, URLResolver, get_resolver

from loyalty.foundation.access.api import list_permissions
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from tests.house.source import PACKAGE, ROOT


def floors(contract: str) -> list[list[str]]:
    """Read the layers of a contract, top first; siblings share a floor."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [[name.strip(" ()") for name in line.split("|")] for line in lines if line.strip()]


def floor_of(app_name: str) -> float:
    """Give a number that grows downwards."""
    name = app_name.removeprefix("loyalty.")
    if name.startswith("foundation."):
        inner = floors("foundation")
        return 1000 + next(i for i, floor in enumerate(inner) if name.removeprefix("foundation.") in floor)
    return next(i for i, floor in enumerate(floors("floors")) if name.split(".")[0] in floor)


def own_models() -> list[type[models.Model]]:
    """Give our models."""
    return [m for m in apps.get_models() if apps.get_app_config(m._meta.app_label).name.startswith("loyalty.")]


def test_foreign_keys__across_domains__point_down_and_leave_no_name_behind() -> None:
    wrong = []
    for model in own_models():
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey | models.ManyToManyField):
                continue
            target: Any = field.related_model
            here, there = (apps.get_app_config(m._meta.app_label).name for m in (model, target))
            if here == there or not there.startswith("loyalty."):
                continue
            if floor_of(there) <= floor_of(here):
                wrong.append(f"{model.__name__}.{field.name} points up to {target.__name__}")
            if field.remote_field.related_name != "+":
                wrong.append(f"{model.__name__}.{field.name} leaves a name on {target.__name__}")
    assert wrong == []


def views(resolver: URLResolver, prefix: str = "") -> list[tuple[str, Any]]:
    """Give every address with its view."""
    found: list[tuple[str, Any]] = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            found += views(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            found.append((prefix + str(entry.pattern), entry.callback))
    return found


def test_routes__all__declare_a_known_permission() -> None:
    known = {view.code for view in list_permissions()} | {PUBLIC, SIGNED_IN}
    missing = []
    for address, callback in views(get_resolver()):
        view_class = getattr(callback, "cls", None)
        if view_class is None or not view_class.__module__.startswith("loyalty."):
            continue
        actions = getattr(callback, "actions", None)
        names = (
            set(actions.values()) if actions else {m for m in view_class.http_method_names if hasattr(view_class, m)}
        )
        for name in names - {"options", "head", "metadata"}:
            code = view_class.permissions.get(name)
            if code not in known:
                missing.append(f"{address} {name}: {code}")
    assert missing == []


def test_architecture__tells__the_floors_of_the_contract() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- floors -->\n```\n(.*?)\n```", text, re.DOTALL)
    assert block is not None, "ARCHITECTURE.md has no block of floors"
    told = [[name.strip() for name in line.split("|")] for line in block.group(1).split("\n")]
    built = [[n for n in floor if (PACKAGE / n).is_dir()] for floor in floors("floors")]
    assert told == [floor for floor in built if floor]


def test_domains__all__have_a_page_about_themselves() -> None:
    silent = []
    for config in apps.get_app_configs():
        if not config.name.startswith("loyalty."):
            continue
        page = ROOT / config.name.replace(".", "/") / "README.md"
        if not page.exists() or len(page.read_text(encoding="utf-8")) < 300:
            silent.append(config.name)
    assert silent == []


def test_settings__all__have_a_line_in_the_docs() -> None:
    text = (ROOT / "docs/operating/settings.md").read_text(encoding="utf-8")
    source = (PACKAGE / "config/settings/base.py").read_text(encoding="utf-8")
    names = re.findall(r"env\.\w+\(\s*\"([A-Z][A-Z0-9_]+)\"", source)
    assert names, "no settings found"
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.django_db
def test_migrations__complete__one_head_each() -> None:
    loader = MigrationLoader(None)
    heads = {app: loader.graph.leaf_nodes(app) for app in {key[0] for key in loader.graph.nodes}}
    assert {app: len(leaves) for app, leaves in heads.items() if len(leaves) != 1} == {}
