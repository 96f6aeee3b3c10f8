"""The sections ``feature-store`` and ``ml``: how features are collected, and what models read of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.features.contracts import DataSource, MergeStrategy
from loyalty.features.operations import caching
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem

# A week: older than that nothing stands in for anything.
SECONDS_MAX = 604_800
INPUTS_MAX = 4_096
NO_MODEL = "No model is configured: this version of the platform has no models that could predict."

FEATURE_STORE = configuration.SectionSpec(
    code="feature-store",
    title="Feature store",
    title_in={"ar": "مخزن الخصائص"},
    description="Where features come from, whose word counts, and how long it is remembered.",
    fields=(
        Field(
            "data_source",
            FieldType.CHOICE,
            "Sources",
            configuration.setting("FEATURE_STORE_DATA_SOURCE"),
            "FEATURE_STORE_DATA_SOURCE",
            choices=tuple(one.value for one in DataSource),
        ),
        Field(
            "merge_strategy",
            FieldType.CHOICE,
            "Whose value counts",
            configuration.setting("FEATURE_STORE_MERGE_STRATEGY"),
            "FEATURE_STORE_MERGE_STRATEGY",
            choices=tuple(one.value for one in MergeStrategy),
        ),
        Field(
            "cache_seconds",
            FieldType.WHOLE,
            "How long an answer is fresh",
            configuration.setting("FEATURE_STORE_CACHE_SECONDS"),
            "FEATURE_STORE_CACHE_SECONDS",
            "0 switches the cache off.",
            low=0,
            high=SECONDS_MAX,
            unit="s",
        ),
        Field(
            "stale_seconds",
            FieldType.WHOLE,
            "How long it may stand in for a source that is away",
            configuration.setting("FEATURE_STORE_STALE_SECONDS"),
            "FEATURE_STORE_STALE_SECONDS",
            low=0,
            high=SECONDS_MAX,
            unit="s",
        ),
    ),
    on_changed=caching.renew_version,
)


def _mapping_problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    mapping: Mapping[str, str] = values["feature_mapping"]
    problems = []
    if any(not column or not feature for column, feature in mapping.items()):
        problems.append(FieldProblem("feature_mapping", "empty", "A column and a feature have a name."))
    if len(set(mapping.values())) != len(mapping):
        problems.append(FieldProblem("feature_mapping", "twice", "Two columns lead to the same feature."))
    if len(mapping) > values["model_input_size"]:
        problems.append(FieldProblem("model_input_size", "too_small", "There are more features than the model takes."))
    return problems


def _no_model(values: Mapping[str, Any]) -> TestReport:
    return TestReport(is_successful=False, outcome="no_model", tried="Nothing", advice=NO_MODEL)


def ml_status() -> Mapping[str, Any]:
    """Tell the state of the models: there are none until a domain brings them."""
    return {"is_available": False, "code": "no_model", "message": NO_MODEL, "models": []}


ML = configuration.SectionSpec(
    code="ml",
    title="ML and AI",
    title_in={"ar": "التعلّم الآلي والذكاء"},
    description="What models read: which column of the warehouse is which of their features, and how many they take.",
    fields=(
        Field(
            "feature_mapping",
            FieldType.TABLE,
            "Columns of the warehouse and the features that they are",
            dict,
            description="revenue → total_revenue",
            high=INPUTS_MAX,
        ),
        Field("model_input_size", FieldType.WHOLE, "Features that a model takes", lambda: 10, low=1, high=INPUTS_MAX),
    ),
    validate=_mapping_problems,
    test=_no_model,
    state=ml_status,
)
