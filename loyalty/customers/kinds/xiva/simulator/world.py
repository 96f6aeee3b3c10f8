"""What the simulated Xiva tells of people, in Xiva's shapes."""

import threading
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from loyalty.population import api as population

CURRENCY = "USD"
TIERS = ((3000, "platinum"), (1800, "gold"), (800, "silver"))
OFFERINGS = (
    "Extra data", "Roaming pass", "Family plan", "Device upgrade", "Loyalty discount", "Streaming bundle",
    "Fibre upgrade", "Senior voice",
)  # fmt: skip


class World:
    """The people, either fixed at the start or those that the data folder's installation stands for."""

    def __init__(self, description: population.PopulationDescription | None, folder: Path, fallback_day: date) -> None:
        self._fixed, self._folder = description, folder
        self._fallback = population.PopulationDescription(as_of=fallback_day, seed=1, customers=1000)
        self._lock = threading.Lock()
        self._held: tuple[population.PopulationDescription, population.Population] | None = None

    def _present(self) -> tuple[population.PopulationDescription, population.Population]:
        """Give the people of now; a warehouse that is filled anew changes them without a restart."""
        with self._lock:
            wanted = self._fixed or population.find_description(self._folder) or self._fallback
            if self._held is None or self._held[0] != wanted:
                self._held = (wanted, population.open_population(wanted))
            return self._held

    @property
    def people(self) -> population.Population:
        """The people."""
        return self._present()[1]

    @property
    def as_of(self) -> date:
        """The day that all figures are about."""
        return self._present()[0].as_of

    def find(self, ref: str) -> population.Person | None:
        """Find one by reference, or None."""
        return self.people.find(ref)

    def search(self, text: str, limit: int, offset: int) -> tuple[list[population.Person], int]:
        """Give a page of those whose name, reference or address holds a text, and how many there are in all."""
        people = self.people
        if not text:
            return list(people.people(offset, limit)), people.count
        named = people.find(text)
        if named is not None:
            return [named][offset : offset + limit], 1
        wanted = text.lower()
        fitting = [one for one in people.people() if wanted in f"{one.first_name} {one.last_name} {one.email}".lower()]
        return fitting[offset : offset + limit], len(fitting)


def money(value: object) -> dict[str, Any]:
    """Give an amount in TM Forum's shape."""
    return {"value": f"{value:.2f}", "unit": CURRENCY}


def customer(person: population.Person) -> dict[str, Any]:
    """Give a customer as the list and the single route tell it (TMF629)."""
    answered_at = datetime.combine(person.customer_since, time(12), tzinfo=UTC).isoformat()
    return {
        "id": person.ref,
        "href": f"/customerManagement/v4/customer/{person.ref}/",
        "@type": "Customer",
        "name": f"{person.first_name} {person.last_name}",
        "givenName": person.first_name,
        "familyName": person.last_name,
        "status": "Active" if person.churned_on is None else "Closed",
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "customerSince": person.customer_since.isoformat(),
        "language": person.language,
        "timeZone": person.time_zone,
        "contactMedium": [
            {"mediumType": "email", "preferred": True, "characteristic": {"emailAddress": person.email}},
            {"mediumType": "phone", "preferred": True, "characteristic": {"phoneNumber": person.phone}},
            {"mediumType": "postalAddress", "characteristic": {"city": person.city}},
        ],
        "privacy": [
            {"channel": "email", "purpose": "marketing", "isGranted": person.allows_email, "changedAt": answered_at},
            {"channel": "sms", "purpose": "marketing", "isGranted": person.allows_sms, "changedAt": answered_at},
        ],
    }


def overview(person: population.Person, as_of: date) -> dict[str, Any]:
    """Give the customer at a glance; the figures follow from plan, tenure and activity."""
    months = min(person.tenure_months, 24)
    bought = int(float(person.activity) * months * 1.8)
    revenue = person.monthly_charges * months + bought * 17
    idle = (as_of - person.churned_on).days if person.churned_on else 0
    return {
        "customer_id": person.ref,
        "customer_status": "active" if person.churned_on is None else "churned",
        "total_revenue": float(revenue),
        "transaction_count": months + bought,
        "last_purchase_days_ago": idle + int(12 / float(person.activity)),
        "customer_tier": next(
            name
            for least, name in ((3000, "platinum"), (1800, "gold"), (800, "silver"), (-1, "bronze"))
            if revenue > least
        ),
        "city": person.city,
        "age": int((as_of - person.birth_date).days / 365.25),
    }


def services(person: population.Person) -> dict[str, Any]:
    """Give the services that a customer uses."""
    status = "active" if person.churned_on is None else "terminated"
    rows = [{"id": f"{person.ref}-mobile", "name": f"Mobile {person.plan}", "type": "mobile", "status": status}]
    if person.internet_service != "No":
        name = f"Internet {person.internet_service}"
        rows.append({"id": f"{person.ref}-internet", "name": name, "type": "internet", "status": status})
    return {"customer_id": person.ref, "services": rows}


def usage(person: population.Person) -> dict[str, Any]:
    """Give the usage of the last thirty days."""
    share = 0.0 if person.churned_on else float(person.activity)
    return {
        "customer_id": person.ref,
        "period_days": 30,
        "data_gb": round(share * 14, 2),
        "voice_minutes": int(share * 210),
        "sms_count": int(share * 18),
    }


def financial(person: population.Person) -> dict[str, Any]:
    """Give what a customer pays."""
    return {
        "customer_id": person.ref,
        "monthly_charges": money(person.monthly_charges),
        "payment_method": person.payment_method,
        "contract": person.contract,
        "balance_due": money(0),
    }


def part(person: population.Person, name: str, as_of: date) -> dict[str, Any] | None:
    """Give one part of the view of a customer, or None when there is no such part."""
    parts: dict[str, Any] = {
        "overview": lambda: overview(person, as_of),
        "services": lambda: services(person),
        "usage": lambda: usage(person),
        "financial": lambda: financial(person),
    }
    if name == "complete":
        return {"customer": customer(person), **{key: make() for key, make in parts.items()}}
    return parts[name]() if name in parts else None


def products(person: population.Person) -> list[dict[str, Any]]:
    """Give the products that a customer has (TMF637)."""
    return [
        {
            "id": one["id"],
            "name": one["name"],
            "status": one["status"],
            "startDate": person.customer_since.isoformat(),
            "productPrice": [{"priceType": "recurring", "price": money(person.monthly_charges)}],
            "relatedParty": [{"id": person.ref, "role": "customer"}],
        }
        for one in services(person)["services"]
    ]


def usage_records(person: population.Person) -> list[dict[str, Any]]:
    """Give rated usage of the last thirty days."""
    said = usage(person)
    return [
        {"id": f"{person.ref}-{name}", "usageType": name, "value": said[name], "customer_id": person.ref}
        for name in ("data_gb", "voice_minutes", "sms_count")
    ]


def billing_accounts(person: population.Person) -> list[dict[str, Any]]:
    """Give the billing accounts of a customer."""
    return [
        {
            "id": f"{person.ref}-billing",
            "name": f"{person.first_name} {person.last_name}",
            "state": "active" if person.churned_on is None else "closed",
            "paymentMethod": person.payment_method,
            "relatedParty": [{"id": person.ref, "role": "customer"}],
        }
    ]


def offerings() -> list[dict[str, Any]]:
    """Give the catalogue of offers."""
    return [
        {"id": str(number), "name": name, "lifecycleStatus": "Active"} for number, name in enumerate(OFFERINGS, start=1)
    ]
