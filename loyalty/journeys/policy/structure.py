"""What can be wrong with the wiring of a graph: branches, ways that nobody can go, circles."""

from collections.abc import Iterator, Mapping

from loyalty.journeys.contracts import Edge, Graph, Node, NodeKind, Problem, Severity
from loyalty.journeys.policy.graph import Wiring, branches_of


def problems_of(wiring: Wiring) -> Iterator[Problem]:
    """Give what is wrong with the wiring."""
    yield from _ends(wiring.graph)
    yield from _edges(wiring)
    yield from _branches(wiring)
    yield from _unreachable(wiring)
    yield from _circles(wiring)
    yield from _without_end(wiring)


def named(node: Node) -> str:
    """Give a node as people know it."""
    return f"“{node.name}”" if node.name else f"the {node.kind.value} {node.id}"


def _ends(graph: Graph) -> Iterator[Problem]:
    starts = [one for one in graph.nodes if one.kind == NodeKind.START]
    if not starts:
        yield Problem("journeys.start_missing", "Nobody can come in: there is no start.", "Add a start.")
    for one in starts[1:]:
        yield Problem(
            "journeys.start_many", "A journey begins at one place.", "Remove this start, or make a journey of its own.",
            node_id=one.id,
        )  # fmt: skip
    if not any(one.kind == NodeKind.END for one in graph.nodes):
        yield Problem("journeys.end_missing", "Nobody can finish: there is no end.", "Add an end.")


def _edges(wiring: Wiring) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Edge] = {}
    for edge in wiring.graph.edges:
        source, target = wiring.nodes.get(edge.source), wiring.nodes.get(edge.target)
        if source is None or target is None:
            gone = edge.source if source is None else edge.target
            yield Problem(
                "journeys.edge_dangling", f"This connection leads to a node that is gone: {gone}.",
                "Remove the connection, or lead it to a node.", edge_id=edge.id,
            )  # fmt: skip
            continue
        known = [one.code for one in branches_of(source)]
        if edge.branch not in known:
            told = ", ".join(known) or "none"
            yield Problem(
                "journeys.branch_unknown", f"{named(source)} has no branch {edge.branch!r}; it has: {told}.",
                "Lead the connection out of one of its branches, or remove it.", node_id=source.id, edge_id=edge.id,
            )  # fmt: skip
        if target.kind == NodeKind.START:
            yield Problem(
                "journeys.edge_into_start", "Nothing leads back into the start.",
                "Lead the connection to the node behind the start.", node_id=target.id, edge_id=edge.id,
            )  # fmt: skip
        other = seen.setdefault((edge.source, edge.branch), edge)
        if other is not edge:
            yield Problem(
                "journeys.branch_twice", f"Two connections leave {named(source)} at {edge.branch!r}.",
                "Remove one of them; a split leads people several ways.", node_id=source.id, edge_id=edge.id,
            )  # fmt: skip


def _branches(wiring: Wiring) -> Iterator[Problem]:
    for node in wiring.graph.nodes:
        for branch in branches_of(node):
            if branch.is_required and (node.id, branch.code) not in wiring.targets:
                yield Problem(
                    "journeys.branch_missing", f"{named(node)} leads nowhere at {branch.code!r}.",
                    f"Connect the branch {branch.code!r} to the next step or to an end.", node_id=node.id,
                    field=branch.code,
                )  # fmt: skip


def reached_from(wiring: Wiring, node_id: str) -> set[str]:
    """Give the nodes that can be reached from one, itself among them."""
    following = _following(wiring.graph)
    return _walk(following, {node_id})


def _following(graph: Graph, *, is_backwards: bool = False) -> Mapping[str, set[str]]:
    ids = {one.id for one in graph.nodes}
    following: dict[str, set[str]] = {one: set() for one in ids}
    for edge in graph.edges:
        if edge.source in ids and edge.target in ids:
            here, there = (edge.target, edge.source) if is_backwards else (edge.source, edge.target)
            following[here].add(there)
    return following


def _walk(following: Mapping[str, set[str]], begin: set[str]) -> set[str]:
    seen, ahead = set(begin), list(begin)
    while ahead:
        for one in following.get(ahead.pop(), ()):
            if one not in seen:
                seen.add(one)
                ahead.append(one)
    return seen


def _unreachable(wiring: Wiring) -> Iterator[Problem]:
    if wiring.start is None:
        return
    seen = reached_from(wiring, wiring.start.id)
    for node in wiring.graph.nodes:
        if node.id not in seen and node.kind != NodeKind.START:
            yield Problem(
                "journeys.unreachable", f"Nobody can come to {named(node)}.",
                "Connect it to a step that people come to, or remove it.", node_id=node.id,
            )  # fmt: skip


def _circles(wiring: Wiring) -> Iterator[Problem]:
    """Name a node of every circle without a wait, and warn of circles that only their bound ends."""
    waits = {one.id for one in wiring.graph.nodes if one.kind == NodeKind.WAIT}
    following = _following(wiring.graph)
    told: set[str] = set()
    for circle in circles_of({one: next_ones - waits for one, next_ones in following.items() if one not in waits}):
        first = next(one for one in wiring.graph.nodes if one.id in circle)
        told |= circle
        yield Problem(
            "journeys.cycle_without_wait", f"People would go round and round from {named(first)} without a pause.",
            "Put a wait into the circle, or lead one of its branches out of it.", node_id=first.id,
        )  # fmt: skip
    if wiring.graph.settings.max_duration_days is not None:
        return
    for circle in circles_of(following):
        if circle & told:
            continue
        first = next(one for one in wiring.graph.nodes if one.id in circle)
        yield Problem(
            "journeys.cycle_unbounded", f"Only the bound of visits ends the circle at {named(first)}.",
            "Set the longest time in the journey.", severity=Severity.WARNING, node_id=first.id,
        )  # fmt: skip


def circles_of(following: Mapping[str, set[str]]) -> list[set[str]]:
    """Give the sets of nodes that lead to each other and to themselves (Tarjan 1972, without recursion)."""
    number: dict[str, int] = {}
    least: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()
    found: list[set[str]] = []
    for root in following:
        if root in number:
            continue
        walk = [(root, iter(sorted(following[root])))]
        number[root] = least[root] = len(number)
        open_nodes.append(root)
        is_open.add(root)
        while walk:
            node, ahead = walk[-1]
            after = next(ahead, None)
            if after is None:
                walk.pop()
                if walk:
                    least[walk[-1][0]] = min(least[walk[-1][0]], least[node])
                if least[node] == number[node]:
                    group = {open_nodes.pop()}
                    while node not in group:
                        group.add(open_nodes.pop())
                    is_open -= group
                    if len(group) > 1 or node in following[node]:
                        found.append(group)
            elif after not in number:
                number[after] = least[after] = len(number)
                open_nodes.append(after)
                is_open.add(after)
                walk.append((after, iter(sorted(following[after]))))
            elif after in is_open:
                least[node] = min(least[node], number[after])
    return found


def _without_end(wiring: Wiring) -> Iterator[Problem]:
    ends = {one.id for one in wiring.graph.nodes if one.kind == NodeKind.END}
    if not ends or wiring.start is None:
        return
    finishing = _walk(_following(wiring.graph, is_backwards=True), ends)
    reached = reached_from(wiring, wiring.start.id)
    for node in wiring.graph.nodes:
        is_led_on = any(branch.is_required for branch in branches_of(node))
        if node.id in reached and node.id not in finishing and is_led_on:
            yield Problem(
                "journeys.no_way_out", f"From {named(node)} no way leads to an end.",
                "Lead a branch to an end.", severity=Severity.WARNING, node_id=node.id,
            )  # fmt: skip
