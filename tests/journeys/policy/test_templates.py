"""The journeys to begin with: each lacks nothing but the names of the installation."""

import pytest

from loyalty.journeys.errors import TemplateNotFound
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.kinds.nodes import protocol as nodes
from loyalty.journeys.policy.graph import Wiring, parse
from loyalty.journeys.policy.structure import problems_of
from loyalty.journeys.policy.templates import TEMPLATES, JourneyTemplate, get_template


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.code)
def test_template__each__is_wired_and_uses_known_kinds(template: JourneyTemplate) -> None:
    graph = parse(template.graph)
    assert list(problems_of(Wiring(graph))) == []
    assert graph.settings.re_entry is not None and graph.settings.max_duration_days
    kinds = {str(one.config["action_type"]) for one in graph.nodes if one.kind == "action"}
    assert all(protocol.find(kind) is not None for kind in kinds)
    assert {one.kind for one in graph.nodes} <= set(nodes.all_kinds())


def test_templates__all_that_the_product_names__are_there() -> None:
    assert [one.code for one in TEMPLATES] == ["welcome", "win_back", "tier_upgrade", "abandoned_topup", "birthday"]
    with pytest.raises(TemplateNotFound):
        get_template("lottery")
