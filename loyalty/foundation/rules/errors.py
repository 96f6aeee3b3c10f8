"""What the rule engine refuses, each with a stable code."""

from collections.abc import Iterable

from loyalty.foundation.kernel.errors import FieldProblem, Unprocessable
from loyalty.foundation.rules.contracts import Problem


class RuleInvalid(Unprocessable):
    """The rule cannot mean anything here; ``problems`` say what is wrong at which place."""

    code = "rule.invalid"
    title = "The rule is not valid"

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "RuleInvalid":
        """The refusal for these problems, the first one named in the detail."""
        found = tuple(problems)
        first = found[0]
        place = f" (at {first.path})" if first.path else ""
        return cls(
            f"{_told(first)}{place}",
            problems=[FieldProblem(field=one.path, code=one.code, message=_told(one)) for one in found],
        )


def _told(problem: Problem) -> str:
    """The sentence of a problem, with what to write instead."""
    return f"{problem.message} {problem.repair}".rstrip()


class RuleNotCompilable(Unprocessable):
    """The rule is valid for one customer at a time but has no form for a whole set."""

    code = "rule.not_compilable"
    title = "The rule cannot be run over a set of customers"


class RuleFault(Unprocessable):
    """A checked rule met facts it cannot be computed with; the answer is unknown, not false."""

    code = "rule.evaluation_failed"
    title = "The rule could not be evaluated"
