"""People of a seed number."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.population import api

DAY = date(2026, 11, 20)


def population(customers: int = 2000, seed: int = 7) -> api.Population:
    """Give the people of a seed."""
    return api.open_population(api.PopulationDescription(as_of=DAY, seed=seed, customers=customers))


def test_people__same_seed__same_people() -> None:
    assert list(population().people()) == list(population().people())
    assert next(population(seed=8).people()) != next(population().people())


def test_people__any_page__agrees_with_the_whole() -> None:
    people = list(population(50).people())
    assert list(population(50).people(20, 10)) == people[20:30]
    assert list(population(50).people(45, 10)) == people[45:]
    assert population(50).find(people[7].ref) == people[7]
    assert population(50).find("XV-00000051") is None
    assert population(50).find("XV-0000001") is None


def test_people__many__four_of_five_allow_email_and_some_left() -> None:
    people = list(population().people())
    assert 0.77 < sum(one.allows_email for one in people) / len(people) < 0.83
    assert 0.12 < sum(one.churned_on is not None for one in people) / len(people) < 0.40
    assert len({one.email for one in people}) == len({one.phone for one in people}) == len(people)
    assert all(one.email.endswith("@example.test") for one in people)
    assert all(one.customer_since < (one.churned_on or DAY) <= DAY for one in people)


@given(st.text(min_size=1, max_size=100), st.integers(0, 2**63))
def test_person__any_reference__is_a_person(ref: str, seed: int) -> None:
    ref = ref.encode("utf-8", "ignore").decode() or "x"
    person = api.person_of(ref, seed, DAY)
    assert person.id == public_id_of_ref(ref)
    assert 17 <= (DAY - person.birth_date).days / 365.25 <= 121
    assert person.email.isascii()
    assert 0 < person.churn_risk < 1
