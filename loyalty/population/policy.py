"""How a person comes out of a seed and a reference: pure, the same on every machine and Python version."""

import struct
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b

from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.population.contracts import Person


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split())


FEMALE = _words(
    "Maya Rana Lina Nour Sara Dana Hala Rima Yara Leila Zeina Joumana Carine Nadine Rita Mona Farah Tala Aya Lara",
    "Samar Hiba Ghida Nayla Celine Marie Sophie Elena Anna Julia",
)
MALE = _words(
    "Omar Karim Ziad Rami Fadi Samir Hadi Jad Tarek Nabil Walid Georges Elias Marc Anthony Hassan Ali Mahmoud",
    "Bilal Khalil Youssef Ibrahim Daniel Michel Charbel Paul Peter Simon David Adam",
)
LAST = _words(
    "Haddad Khoury Nassar Saleh Hamdan Fares Abboud Mansour Karam Sayegh Daher Aoun Rizk Saab Ghanem Harb Azar",
    "Bitar Chami Sleiman Younes Zein Maalouf Tannous Shaheen Farhat Barakat Issa Najjar Kassab Moussa Jaber",
    "Hariri Obeid Matar Sabbagh Rahal Wehbe Assaf Nehme",
)
CITIES = (
    ("Beirut", 0.34), ("Tripoli", 0.16), ("Sidon", 0.10), ("Tyre", 0.08), ("Jounieh", 0.08), ("Zahle", 0.07),
    ("Nabatieh", 0.05), ("Byblos", 0.04), ("Baalbek", 0.04), ("Aley", 0.04),
)  # fmt: skip
PLANS = (("Basic", 0.35), ("Standard", 0.40), ("Premium", 0.25))
CONTRACTS = (("Month-to-month", 0.55), ("One year", 0.21), ("Two year", 0.24))
PAYMENTS = (
    ("Electronic check", 0.34),
    ("Mailed check", 0.23),
    ("Bank transfer (automatic)", 0.22),
    ("Credit card (automatic)", 0.21),
)
INTERNET = (("Fiber optic", 0.44), ("DSL", 0.34), ("No", 0.22))
LANGUAGES = (("en", 0.45), ("ar", 0.40), ("fr", 0.15))
CHARGES = {"Basic": (18, 35), "Standard": (40, 70), "Premium": (75, 119)}
TIME_ZONE = "Asia/Beirut"
# A domain that RFC 2606 reserves for tests, and a country code that is assigned to nobody.
MAIL_DOMAIN = "example.test"
PHONE_PREFIX = "+999"
# Four of five allow marketing by e-mail, half of them by SMS.
EMAIL_SHARE, SMS_SHARE = 0.8, 0.5
HISTORY_DAYS = 730
PLAIN_MAX = Decimal(1_000_000)
DAYS_PER_MONTH = 30.4375
ADULT, OLD, ELDEST = 18, 65, 90

Weighted = Sequence[tuple[str, float]]


def draws(seed: int, ref: str) -> tuple[float, ...]:
    """Give 32 numbers from 0 until before 1 that hang on the seed and the reference only."""
    text = f"{seed}:{ref}".encode("utf-8", "surrogatepass")
    numbers: list[float] = []
    for part in (b"one", b"two"):
        numbers += (one / 2**32 for one in struct.unpack(">16I", blake2b(text, digest_size=64, person=part).digest()))
    return tuple(numbers)


def choose(options: Weighted, draw: float) -> str:
    """Choose by weight."""
    for value, weight in options:
        draw -= weight
        if draw < 0:
            return value
    return options[-1][0]


def churn_probability(contract: str, tenure_months: int, internet: str, monthly_charges: Decimal) -> float:
    """Say how likely such a customer leaves within the history; shaped after public telecom data."""
    chance = {"Month-to-month": 0.38, "One year": 0.11, "Two year": 0.03}.get(contract, 0.2)
    chance *= 1.25 if tenure_months < 12 else 0.75 if tenure_months > 36 else 1.0
    chance *= 1.25 if internet == "Fiber optic" else 0.6 if internet == "No" else 1.0
    chance *= 1.1 if monthly_charges > 80 else 1.0
    return min(chance, 0.85)


def number_of(text: str | None) -> Decimal | None:
    """Read a plain number of a file, or None; what no bill and no age can be is no number either."""
    if not text or len(text) > 20 or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    number = Decimal(text)
    return number if number < PLAIN_MAX else None


def day_of(text: str | None) -> date | None:
    """Read a day of a file, or None."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def person_of(ref: str, seed: int, as_of: date, known: Mapping[str, str | None] | None = None) -> Person:
    """Give the person of a reference; what the file knows of them stands, the rest is drawn."""
    facts = known or {}
    d = draws(seed, ref)
    plan = facts.get("plan") or choose(PLANS, d[0])
    contract = facts.get("contract") or choose(CONTRACTS, d[1])
    internet = facts.get("internet_service") or choose(INTERNET, d[2])
    low, high = CHARGES.get(plan, CHARGES["Standard"])
    charges = number_of(facts.get("monthly_charges"))
    if charges is None:
        charges = Decimal(low) + Decimal(int(d[3] * (high - low) * 20)) / 20
    tenure_text = number_of(facts.get("tenure_months") or facts.get("tenure"))
    # Many customers are new and some very old, so the draw is squared.
    tenure = min(int(tenure_text), 900) if tenure_text is not None else 1 + int(d[4] ** 2 * 95)
    chance = churn_probability(contract, tenure, internet, charges)
    has_left = _truth(facts.get("churn") or facts.get("churned"))
    if has_left is None:
        has_left = d[5] < chance
    churned_on = as_of - timedelta(days=1 + int(d[6] * (HISTORY_DAYS - 60))) if has_left else None
    risk = min(0.97, max(0.02, 0.75 * chance + 0.25 * d[7] + (0.35 if has_left else 0.0)))
    gender, first, last = _name_of(facts, d)
    since = (churned_on or as_of) - timedelta(days=int(tenure * DAYS_PER_MONTH) + int(d[8] * 28))
    return Person(
        ref=ref,
        id=public_id_of_ref(ref),
        first_name=first,
        last_name=last,
        gender=gender,
        birth_date=_birth_date(facts, d, as_of),
        city=facts.get("city") or choose(CITIES, d[13]),
        language=facts.get("language") or choose(LANGUAGES, d[14]),
        time_zone=facts.get("time_zone") or TIME_ZONE,
        # A file that has the column knows who has no address; nobody gets a made-up one beside real ones.
        email=facts["email"] or "" if "email" in facts else _email_of(ref, first, last),
        phone=facts["phone"] or "" if "phone" in facts else f"{PHONE_PREFIX}{int(d[15] * 10**9):09d}",
        allows_email=d[16] < EMAIL_SHARE,
        allows_sms=d[17] < SMS_SHARE,
        customer_since=since,
        churned_on=churned_on,
        tenure_months=tenure,
        plan=plan,
        contract=contract,
        payment_method=facts.get("payment_method") or choose(PAYMENTS, d[18]),
        internet_service=internet,
        monthly_charges=charges,
        activity=Decimal(f"{0.15 + 1.5 * d[19] ** 2:.4f}"),
        churn_risk=Decimal(f"{risk:.4f}"),
    )


def _truth(text: str | None) -> bool | None:
    if text is None:
        return None
    return {"yes": True, "true": True, "1": True, "t": True, "no": False, "false": False, "0": False, "f": False}.get(
        text.lower()
    )


def _name_of(facts: Mapping[str, str | None], d: tuple[float, ...]) -> tuple[str, str, str]:
    gender = (facts.get("gender") or ("Female" if d[9] < 0.5 else "Male")).capitalize()
    names = FEMALE if gender.startswith("F") else MALE
    first = facts.get("first_name") or names[int(d[10] * len(names))]
    last = facts.get("last_name") or LAST[int(d[11] * len(LAST))]
    return gender, first, last


def _birth_date(facts: Mapping[str, str | None], d: tuple[float, ...], as_of: date) -> date:
    known, years = day_of(facts.get("birth_date")), number_of(facts.get("age"))
    if known is not None:
        return known
    if years is None:
        is_senior = _truth(facts.get("senior_citizen"))
        low, high = (OLD, ELDEST) if is_senior else (ADULT, OLD) if is_senior is False else (ADULT, 82)
        age = low + d[12] * (high - low)
    else:
        age = float(min(years, Decimal(120))) + d[12] * 0.99
    return as_of - timedelta(days=int(age * 365.25))


def _email_of(ref: str, first: str, last: str) -> str:
    """Make an address that hangs on the whole reference, so that no two people share one."""
    mark = "".join(letter for letter in ref.lower() if letter.isascii() and letter.isalnum())[:40]
    if mark != ref.lower().replace("-", ""):
        mark += blake2b(ref.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    who = "".join(
        letter for letter in f"{first}.{last}".lower() if letter.isascii() and (letter.isalnum() or letter == ".")
    )
    return f"{who.strip('.')[:60]}.{mark}@{MAIL_DOMAIN}".lstrip(".")
