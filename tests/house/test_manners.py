"""The manners of the code that a machine can check: sizes, rooms, borders, words, the clock."""

import ast
import re

from tests.house.source import PACKAGE, Source, functions, imported, sources

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
BANNED_CLASS_WORDS = ("Service", "Engine", "Manager", "Helper", "Util", "Utils")
# One word for one thing; the banned word stands before the one we use (docs/glossary.md).
BANNED_WORDS = {"subscriber": "customer", "loyalty_member": "member", "wallet_owner": "member", "merchant": "partner"}
# Toolkits of the foundation whose modules are open; all other packages are entered by their front door.
OPEN_TOOLKITS = {"foundation.kernel", "foundation.orm", "foundation.web", "foundation.resilience"}
FRONT_DOORS = {"api", "contracts", "errors", "events"}
ROOMS = {
    "__init__", "README", "admin", "api", "apps", "contracts", "errors", "events", "handlers", "kinds", "management",
    "migrations", "models", "operations", "policy", "queries", "registry", "rest", "sql", "tasks", "templates",
}  # fmt: skip
# The clock is read at the edges and handed on.
CLOCK_ROOMS = {"rest", "tasks", "management", "config"}
# The work loop measures leases while it runs; the kernel holds the clock itself; limits are counted at the HTTP edge;
# calls to providers are signed with the instant at which they are made.
CLOCK_FILES = {
    "loyalty/foundation/kernel/clock.py", "loyalty/foundation/work/operations.py",
    "loyalty/foundation/web/throttling.py", "loyalty/delivery/kinds/http.py",
}  # fmt: skip
CLOCK_CALLS = re.compile(r"\b(datetime\.now|datetime\.utcnow|timezone\.now|date\.today|time\.time|clock\.now)\(")
SQL_CLOCK = re.compile(r"\b(clock_timestamp|statement_timestamp)\(", re.IGNORECASE)


def is_composition(source: Source) -> bool:
    """Tell whether a file belongs to the composition root."""
    return source.domain == "config" or source.name.startswith("loyalty/config/")


def test_files__all__fit_their_room() -> None:
    long = {s.name: s.text.count("\n") for tree in ("loyalty", "tests") for s in sources(tree)}
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES_MAX} == {}


def test_functions__all__fit_a_screen() -> None:
    long = [
        f"{source.name}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for source in sources()
        for node in functions(source.tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_modules__all__open_with_a_sentence() -> None:
    silent = [s.name for tree in ("loyalty", "tests") for s in sources(tree) if not ast.get_docstring(s.tree)]
    assert silent == []


def test_public_functions_and_classes__all__have_a_docstring() -> None:
    silent = []
    for source in sources():
        owners: list[ast.Module | ast.ClassDef] = [source.tree]
        owners += [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
        for owner in owners:
            for node in owner.body:
                if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                    continue
                is_inner_option = isinstance(node, ast.ClassDef) and node.name == "Meta"
                if not is_inner_option and not ast.get_docstring(node):
                    silent.append(f"{source.name}:{node.lineno} {node.name}")
    assert silent == []


def test_imports__inside_functions__only_in_ready() -> None:
    hidden = [
        f"{source.name}:{node.lineno} in {function.name}"
        for source in sources()
        for function in functions(source.tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not (source.room == "apps" and function.name == "ready")
    ]
    assert hidden == []


def test_borders__crossed__only_through_the_front_door() -> None:
    crossings = []
    domains = {s.domain for s in sources() if s.domain not in ("config", "__init__")}
    for source in sources():
        if is_composition(source):
            continue
        for name, node in imported(source.tree):
            if not name.startswith("loyalty."):
                continue
            target = name.removeprefix("loyalty.")
            domain = next((d for d in sorted(domains, key=len, reverse=True) if (target + ".").startswith(d + ".")), "")
            if not domain or domain == source.domain or domain in OPEN_TOOLKITS:
                continue
            room = target.removeprefix(domain).strip(".").split(".")[0]
            if room not in FRONT_DOORS:
                crossings.append(f"{source.name}:{node.lineno} names {name}")
    assert crossings == []


def test_rooms__of_domains__are_the_known_ones() -> None:
    strange = [
        s.name
        for s in sources()
        if s.domain not in ("config", "__init__")
        and s.domain not in OPEN_TOOLKITS | {"foundation.rules"}
        and "/" in s.name.removeprefix("loyalty/")
        and s.room not in ROOMS
        and s.path != PACKAGE / "foundation" / "__init__.py"
    ]
    assert strange == []


def test_classes__named__by_what_they_are() -> None:
    vague = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(BANNED_CLASS_WORDS)
    ]
    assert vague == []


def test_words__banned_synonyms__do_not_occur() -> None:
    found = [
        f"{source.name}: {banned} (say {ours})"
        for source in sources()
        for banned, ours in BANNED_WORDS.items()
        if re.search(rf"\b{banned}s?\b", source.text, re.IGNORECASE)
    ]
    assert found == []


def test_clock__read__only_at_the_edges() -> None:
    readers = [
        f"{source.name}: {match.group(0)}"
        for source in sources()
        for match in CLOCK_CALLS.finditer(source.text)
        if not is_composition(source) and source.room not in CLOCK_ROOMS and source.name not in CLOCK_FILES
    ]
    assert readers == []


def test_sql__clock__is_a_parameter() -> None:
    # A fact's row is stamped while its writer holds the lock of its key: that stamp is the order of the facts of a key.
    readers = [p.name for p in PACKAGE.rglob("*.sql") if SQL_CLOCK.search(p.read_text(encoding="utf-8"))]
    assert readers == ["outbox.sql"]


def test_policies__are_pure() -> None:
    impure = [
        f"{source.name} imports {name}"
        for source in sources()
        if source.room == "policy"
        for name, _ in imported(source.tree)
        if name.startswith(("django", "rest_framework", "celery")) or name.endswith(".models")
    ]
    assert impure == []


def test_source__nowhere__unfinished() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|MagicMock)\b")
    found = [
        f"{source.name}: {match.group(0)}"
        for tree in ("loyalty", "tests")
        for source in sources(tree)
        if source.path.name != "test_manners.py"
        for match in marks.finditer(source.text)
    ]
    assert found == []
