"""Reads the project's own source, once, for the tests of its manners."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "loyalty"


@dataclass(frozen=True)
class Source:
    """One Python file: where it is and what it says."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the project's root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def domain(self) -> str:
        """The domain's dotted name below ``loyalty``, such as ``segments`` or ``foundation.events``."""
        parts = self.path.relative_to(PACKAGE).parts
        depth = 2 if parts[0] in ("foundation", "gateways") else 1
        return ".".join(parts[:depth]) if len(parts) > depth else parts[0].removesuffix(".py")

    @property
    def room(self) -> str:
        """The first folder or file inside the domain, such as ``operations`` or ``rest``."""
        parts = self.path.relative_to(PACKAGE).parts
        depth = 2 if parts[0] in ("foundation", "gateways") else 1
        return parts[depth].removesuffix(".py") if len(parts) > depth else "__init__"


@cache
def sources(folder: str = "loyalty") -> tuple[Source, ...]:
    """Read every Python file below a folder of the project, migrations left out."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" in path.parts or "node_modules" in path.parts or "console_dist" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        found.append(Source(path=path, text=text, tree=ast.parse(text)))
    return tuple(found)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Give every module that is imported, with ``from a import b`` as ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node
