"""The recipe for a kind of change runs as it stands in the docs."""

import re
from typing import Any

import pytest

from loyalty.foundation.approvals import api, queries
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.kernel import approving
from tests.foundation.approvals.things import NOW, any_of, decide, make_user, put_under_approval, sql
from tests.house.source import ROOT

RECIPE = (ROOT / "docs/adding/approval-subject.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_recipe__followed__has_a_lamp_wait_and_be_switched_once() -> None:
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", RECIPE, re.DOTALL)
    exec(compile(block, "docs/adding/approval-subject.md", "exec"), names)
    sql("CREATE TABLE lamps_lamp (code text PRIMARY KEY, is_on boolean NOT NULL, version integer NOT NULL DEFAULT 1)")
    sql("INSERT INTO lamps_lamp (code, is_on) VALUES ('hall', false)")
    maker = make_user(permissions=["lamps.switch"])
    assert names["switch"](lamp="hall", is_on=True, actor=maker.as_actor(), now=NOW) == "hall"
    put_under_approval(any_of("boss"), kind="lamps.switch")
    boss = make_user(roles=["boss"])
    with pytest.raises(api.WaitsForApproval):
        names["switch"](lamp="hall", is_on=False, actor=maker.as_actor(), now=NOW)
    assert sql("SELECT is_on, version FROM lamps_lamp") == [(True, 2)]
    request = ApprovalRequest.objects.get()
    assert request.summary == "Switch hall off"
    assert queries.summary_of(request, "ar") == "إطفاء \u2068hall\u2069"
    assert decide(request, boss).state == "EXECUTED"
    assert sql("SELECT is_on, version FROM lamps_lamp") == [(False, 3)]
    approving._Installed.subjects.pop("lamps.switch")
