"""The journeys to begin with: each lacks nothing but the names of the installation."""

import pytest

from loyalty.journeys.errors import TemplateNotFound
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.kinds.nodes import protocol as nodes
from loyalty.journeys.policy.graph import Wiring, parse
from loyalty.journeys.policy.structure import problems_of
from loyalty.journeys.policy.templates import TEMPLATES, JourneyTemplate, get_template, said_in


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.code)
def test_template__each__is_wired_and_uses_known_kinds(template: JourneyTemplate) -> None:
    graph = parse(template.graph)
    assert list(problems_of(Wiring(graph))) == []
    assert graph.settings.re_entry is not None and graph.settings.max_duration_days
    kinds = {str(one.config["action_type"]) for one in graph.nodes if one.kind == "action"}
    assert all(protocol.find(kind) is not None for kind in kinds)
    assert {one.kind for one in graph.nodes} <= set(nodes.all_kinds())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.code)
def test_template__in_arabic__every_step_is_named_and_nothing_else_differs(template: JourneyTemplate) -> None:
    arabic = said_in(template, "ar")
    names = {one["id"]: one["name"] for one in template.graph["nodes"]}
    told = {one["id"]: one["name"] for one in arabic.graph["nodes"]}
    assert set(told) == set(names)
    assert not set(told.values()) & set(names.values())
    back = [{**one, "name": names[one["id"]]} for one in arabic.graph["nodes"]]
    assert {**arabic.graph, "nodes": back} == template.graph
    assert said_in(template, "en") is template


def test_templates__all_that_the_product_names__are_there() -> None:
    assert [one.code for one in TEMPLATES] == ["welcome", "win_back", "tier_upgrade", "abandoned_topup", "birthday"]
    with pytest.raises(TemplateNotFound):
        get_template("lottery")
