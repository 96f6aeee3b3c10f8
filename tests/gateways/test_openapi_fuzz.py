"""Every operation of the generated OpenAPI document, called with generated input: no fault, no leak, no broken book.

``LOYALTY_FUZZ=whole`` plays all boundary values of each operation, also of those that share a body (``OF_THE_SAME``).
"""

import os
import zlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import schemathesis
from django.conf import settings as platform_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from pytest_django import DjangoDbBlocker
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.hypothesis import builder
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.schemas import APIOperation

from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from tests.gateways.wild import DOCUMENT_PATH, Case, Guide, faults_of, known_codes, wild_application
from tests.gateways.world import NOW, make_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Beside the boundary values of each field, which the coverage phase plays through.
EXAMPLES_MAX = 5
CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"deterministic": True, "database": "none", "mode": "all", "max-examples": EXAMPLES_MAX},
        "phases": {"coverage": {"unexpected-methods": ["put"]}},
    }
)
schema = schemathesis.openapi.from_wsgi(DOCUMENT_PATH, wild_application(), config=CONFIG)
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
# What the laws of the ledger read: the rows of its tables, here counted as this transaction writes them, and the events
# of transactions and holds. A call that leaves both as they were leaves the laws as they were.
READ_BY_LAWS = """
    SELECT (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE relname LIKE 'ledger_%'),
        (SELECT count(*) FROM events_store WHERE subject_kind IN ('transaction', 'hold'))
"""
# A program's document has 1,400 boundary values, a quarter of all calls of this file for each of its three writes. They
# read it by one serializer and check and store it by one operation, so what its making plays whole, its changes play
# in thirds: each body that comes to the number of the operation.
OF_THE_SAME = {"PUT /api/loyalty/v1/loyaltyPrograms/{id}/": 1, "PATCH /api/loyalty/v1/loyaltyPrograms/{id}/": 2}
IS_WHOLE = os.environ.get("LOYALTY_FUZZ") == "whole"
FEEDBACK = FeedbackSources(constants_value_source=make_constants_value_source(schema))
# What Schemathesis notes on the test of an operation when it leaves a part of it out.
LEFT_OUT = (
    builder.InvalidHeadersExampleMark, builder.InvalidRegexMark, builder.MissingPathParameters,
    builder.NonSerializableMark, builder.UnsatisfiableExampleMark, builder.UnserializablePayloadMark,
)  # fmt: skip


def operations() -> Iterator[Operation]:
    """Give all of the document; one that cannot be read ends the run."""
    for found in schema.get_all_operations():
        if not isinstance(found, Ok):
            raise found.err()
        yield found.ok()


def third_of(examples: list[Any], number: int) -> Iterator[Any]:
    """Give the examples without a body of their own, and of the bodies every third one: the same in every run."""
    for example in examples:
        body = example.kwargs["case"].body
        if isinstance(body, NotSet) or zlib.crc32(repr(body).encode("utf-8", "surrogatepass")) % 3 == number:
            yield example


class Undo(Exception):
    """Ends a savepoint so that nothing of the call stays."""


@pytest.fixture(scope="module")
def guide(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Guide]:
    """The world, in one transaction around all operations that is rolled back; the clock stands still."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), clock.use(clock.FixedClock(NOW)):
        patch.setattr(platform_settings, "DWH_POSTGRESQL_URL", "")
        patch.setattr(platform_settings, "XIVA_API_BASE_URL", "")
        try:
            with transaction.atomic():
                world = make_world()
                assert all(read_by_laws()), "rows are counted, and some were written"
                # A server gives its connection up between requests; here all requests share one transaction.
                for signal in (request_started, request_finished):
                    signal.disconnect(close_old_connections)
                yield Guide(world)
                raise Undo
        except Undo:
            pass
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def codes() -> frozenset[str]:
    """The codes of the catalogue."""
    return known_codes()


def read_by_laws() -> tuple[Any, ...]:
    """Tell one state of what the laws read from another."""
    with connection.cursor() as cursor:
        cursor.execute(READ_BY_LAWS)
        return tuple(cursor.fetchone() or ())


@settings(
    max_examples=EXAMPLES_MAX, derandomize=True, database=None, deadline=None, print_blob=False,
    phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
)  # fmt: skip
def call(case: Case, guide: Guide, codes: frozenset[str]) -> None:
    """Call an operation once and take back what it did."""
    headers = guide.guide(case)
    faults: list[str] = []
    before = read_by_laws() if case.method != "GET" else ()
    try:
        with transaction.atomic():
            answer = case.call(headers=headers)
            faults += faults_of(case, answer, codes)
            if not faults and case.method != "GET" and answer.status_code < 300:
                # What a commit would check, and what must hold whatever was asked.
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                if read_by_laws() != before:
                    faults += [one.code for one in ledger.check_invariants(now=NOW) if one.violations]
            raise Undo
    except Undo:
        pass
    assert not faults, f"{faults}\n{case.as_curl_command()}\n{answer.content.decode('utf-8', 'replace')[:2000]}"


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.label)
def test_operation__called_with_anything__answers_or_refuses(
    operation: Operation, guide: Guide, codes: frozenset[str]
) -> None:
    # Not `schema.parametrize()`: it works out the boundary values of all operations while the tests are collected,
    # twelve seconds of processor time in every process of a run, and pytest 9.2 gives all its tests one id.
    play: Any = build_operation_test(
        config=schema.config, operation=operation, test_func=call, given_kwargs={}, feedback=FEEDBACK
    )
    assert [mark.attr_name for mark in LEFT_OUT if mark.is_set(play)] == []
    if operation.label in OF_THE_SAME and not IS_WHOLE:
        examples = third_of(play.hypothesis_explicit_examples, OF_THE_SAME[operation.label])
        play.hypothesis_explicit_examples = list(examples)
    play(guide=guide, codes=codes)
