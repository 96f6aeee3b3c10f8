"""The import as a run."""

from dataclasses import asdict
from typing import Any

from loyalty.customers import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work


def execute_import(context: work.RunContext) -> dict[str, Any]:
    """Do one run of kind ``customers.import``; give ``{created, updated, unchanged}``."""
    result = api.import_from_xiva(
        actor=context.actor,
        now=clock.now(),
        report=lambda done, total: context.report("importing", done, total),
    )
    return asdict(result)
