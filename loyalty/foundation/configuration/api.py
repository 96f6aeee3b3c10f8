"""Front door of configuration."""

from loyalty.foundation.configuration.contracts import (
    Field,
    FieldType,
    Saved,
    SealedColumn,
    Section,
    SectionSpec,
    SectionView,
    TestReport,
    TimedReport,
)
from loyalty.foundation.configuration.errors import KeyMissing, KeyWrong, ValuesInvalid
from loyalty.foundation.configuration.kinds.registry import register_key_source
from loyalty.foundation.configuration.kinds.sealing import seal, unseal
from loyalty.foundation.configuration.operations.rotating import Rotation, rotate
from loyalty.foundation.configuration.operations.saving import (
    APPROVAL_KIND,
    APPROVAL_WORDS,
    apply_approved,
    describe_approval,
    is_still_valid,
    roll_back,
    save,
)
from loyalty.foundation.configuration.operations.testing import no_answer, test
from loyalty.foundation.configuration.policy.envelope import KeyWrapper
from loyalty.foundation.configuration.queries import list_versions, read, setting, view
from loyalty.foundation.configuration.registry import (
    extend_section,
    get_section,
    list_specs,
    register_sealed,
    register_section,
)

__all__ = [
    "APPROVAL_KIND",
    "APPROVAL_WORDS",
    "Field",
    "FieldType",
    "KeyMissing",
    "KeyWrapper",
    "KeyWrong",
    "Rotation",
    "Saved",
    "SealedColumn",
    "Section",
    "SectionSpec",
    "SectionView",
    "TestReport",
    "TimedReport",
    "ValuesInvalid",
    "apply_approved",
    "describe_approval",
    "extend_section",
    "get_section",
    "is_still_valid",
    "list_specs",
    "list_versions",
    "no_answer",
    "read",
    "register_key_source",
    "register_sealed",
    "register_section",
    "roll_back",
    "rotate",
    "save",
    "seal",
    "setting",
    "test",
    "unseal",
    "view",
]
