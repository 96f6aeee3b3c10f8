"""Where the console shows the subjects of the log and of requests."""

import re
from pathlib import Path

from loyalty.foundation.audit.registry import link_of, list_links

FEATURES = Path(__file__).parents[3] / "console" / "src" / "features"
REF = "019d0000-0000-7000-8000-000000000001"


def routes() -> list[re.Pattern[str]]:
    """Give the addresses that the console answers; an optional parameter may be missing, one with a pattern go on."""
    told = [
        path for file in FEATURES.glob("*/*.module.ts") for path in re.findall(r"path: '([^']+)'", file.read_text())
    ]
    told = [re.sub(r"/:\w+(?:\((.+?)\))?\?", lambda found: f"(/{found[1] or '[^/]+'})?", path) for path in told]
    return [re.compile("/" + path.replace(":id", "[^/]+") + "$") for path in told]


def test_links__every_kind__leads_to_a_page_that_the_console_has() -> None:
    known = routes()
    lost = [kind for kind in list_links() if not any(one.match(link_of(kind, REF)) for one in known)]
    assert len(known) > 20 and lost == []
    assert {"user", "role", "configuration", "program", "campaign", "journey", "segment", "customer", "account"} <= set(
        list_links()
    )


def test_link__of_a_part_of_a_subject__is_that_of_the_subject() -> None:
    assert link_of("user", f"{REF}/{REF}") == f"/admin/users/{REF}"
    assert link_of("role", REF) == f"/admin/roles/{REF}"
    assert (link_of("user", ""), link_of("nothing_known", REF)) == ("", "")
