"""The graph as JSON and as contracts."""

from copy import deepcopy
from typing import Any

import pytest

from loyalty.journeys.contracts import NodeKind, ReEntry
from loyalty.journeys.errors import GraphInvalid
from loyalty.journeys.policy import graph as graphs
from tests.journeys.policy.graphs import edges, node, welcome


def test_parse__welcome__comes_back_as_it_was() -> None:
    read = graphs.parse(welcome())
    assert [one.kind for one in read.nodes][:3] == [NodeKind.START, NodeKind.ACTION, NodeKind.WAIT]
    assert read.settings.re_entry is ReEntry.NEVER
    told = graphs.serialise(read)
    assert graphs.parse(told) == read
    assert told["nodes"] == [{**one, "position": {"x": 0.0, "y": 0.0}} for one in welcome()["nodes"]]


def test_parse__unfinished_work__is_read() -> None:
    read = graphs.parse({"nodes": [node("a", "action")], "edges": edges("a.success gone")})
    assert read.settings.re_entry is None
    assert read.edges[0].target == "gone"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda g: g["nodes"].append(dict(g["nodes"][1])), "nodes.8.id"),
        (lambda g: g["nodes"][1].update(kind="loop"), "nodes.1.kind"),
        (lambda g: g["nodes"][1].update(id="a b"), "nodes.1.id"),
        (lambda g: g["nodes"][1].update(colour="red"), "nodes.1.colour"),
        (lambda g: g["nodes"][1].update(config=[]), None),
        (lambda g: g["nodes"][1].update(config=[1]), "nodes.1.config"),
        (lambda g: g["nodes"][1]["position"].update(x=float("nan")), "nodes.1.position.x"),
        (lambda g: g["settings"].update(re_entry="sometimes"), "settings.re_entry"),
        (lambda g: g["settings"].update(holdout_percent=True), "settings.holdout_percent"),
        (lambda g: g["settings"].update(goal_exits="yes"), "settings.goal_exits"),
        (lambda g: g.update(nodes={}), "nodes"),
        (lambda g: g.update(nodes=[node(f"n{n}", "end") for n in range(501)]), "nodes"),
        (lambda g: g["nodes"][1]["config"].update(text="x" * 2_000_001), "graph"),
    ],
)  # fmt: skip
def test_parse__another_shape__is_refused_with_its_place(change: Any, place: str | None) -> None:
    document = deepcopy(welcome())
    change(document)
    if place is None:
        graphs.parse(document)
        return
    with pytest.raises(GraphInvalid) as refusal:
        graphs.parse(document)
    assert place in [one.field for one in refusal.value.problems]


def note(note_id: str = "note1", **change: Any) -> dict[str, Any]:
    """Give a note."""
    return {
        "id": note_id, "text": "Ask Ada first", "color": "blue", "position": {"x": 300.0, "y": -20.0},
        "size": {"width": 220.0, "height": 120.0}, **change,
    }  # fmt: skip


def test_parse__notes__come_back_and_do_nothing() -> None:
    plain = graphs.parse(welcome())
    noted = graphs.parse({**welcome(), "notes": [note(), note("note2", text="")]})
    told = graphs.serialise(noted)
    assert told["notes"] == [note(), note("note2", text="")]
    assert graphs.parse(told) == noted
    assert (noted.nodes, noted.edges, noted.settings) == (plain.nodes, plain.edges, plain.settings)
    assert graphs.fingerprint(noted) == graphs.fingerprint(plain)
    # Graphs of before there were notes stay as they are told.
    assert "notes" not in graphs.serialise(plain)


@pytest.mark.parametrize(
    ("notes", "place"),
    [
        ([note(), note()], "notes.1.id"),
        ([note(welcome()["nodes"][1]["id"])], "notes.0.id"),
        ([note(color="mauve")], "notes.0.color"),
        ([note(text="x" * 2_001)], "notes.0.text"),
        ([note(size={"width": 10, "height": 100})], "notes.0.size"),
        ([note(size=None)], "notes.0.size"),
        ([note(position={"x": "left"})], "notes.0.position.x"),
        ([note(kind="end")], "notes.0.kind"),
        ([note(f"note{n}") for n in range(101)], "notes"),
        ({}, "notes"),
    ],
)
def test_parse__notes_of_another_shape__are_refused_with_their_place(notes: Any, place: str) -> None:
    with pytest.raises(GraphInvalid) as refusal:
        graphs.parse({**welcome(), "notes": notes})
    assert place in [one.field for one in refusal.value.problems]


def test_branches__of_each_kind__are_those_of_the_contract() -> None:
    def codes(kind: str, **config: Any) -> list[tuple[str, bool]]:
        read = graphs.parse({"nodes": [node("n", kind, **config)]}).nodes[0]
        return [(one.code, one.is_required) for one in graphs.branches_of(read)]

    assert codes("start") == [("next", True)]
    assert codes("action") == [("success", True), ("failure", False), ("skip", False)]
    assert codes("condition") == [("yes", True), ("no", True), ("unknown", False)]
    assert codes("wait", mode="duration") == [("next", True)]
    assert codes("wait", mode="event", timeout={"amount": 1, "unit": "days"}) == [("next", True), ("timeout", True)]
    assert codes("split", branches=[{"code": "a", "weight": 1}, {"code": "b"}]) == [("a", True), ("b", True)]
    assert codes("end") == []


def test_follow__a_branch_without_an_edge__goes_where_the_contract_says() -> None:
    document = {
        "nodes": [node("a", "action"), node("c", "condition", unknown="yes"), node("e", "end"), node("f", "end")],
        "edges": edges("a.success c", "c.yes e", "c.no f"),
    }
    wiring = graphs.Wiring(graphs.parse(document))
    assert wiring.follow(wiring.nodes["a"], "skip") == "c"
    assert wiring.follow(wiring.nodes["a"], "failure") is None
    assert wiring.follow(wiring.nodes["c"], "unknown") == "e"


def test_fingerprint__moving_a_node__changes_nothing_and_a_word_does() -> None:
    moved, said = deepcopy(welcome()), deepcopy(welcome())
    moved["nodes"][1]["position"]["x"] = 500
    said["nodes"][1]["config"]["text"] = "Hello"
    first = graphs.fingerprint(graphs.parse(welcome()))
    assert graphs.fingerprint(graphs.parse(moved)) == first
    assert graphs.fingerprint(graphs.parse(said)) != first
