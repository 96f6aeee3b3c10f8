"""Cutting texts into segments: the alphabet, the limits, and no character torn apart."""

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.delivery.kinds.sms.segments import Alphabet, segments_of

GSM = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#%&'()*+,-./0123456789:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "alphabet", "segments"),
    [
        ("a" * 160, Alphabet.GSM7, 1),
        ("a" * 161, Alphabet.GSM7, 2),
        ("a" * 306, Alphabet.GSM7, 2),
        ("a" * 307, Alphabet.GSM7, 3),
        ("€" * 80, Alphabet.GSM7, 1),
        ("€" * 81, Alphabet.GSM7, 2),
        ("م" * 70, Alphabet.UCS2, 1),
        ("م" * 71, Alphabet.UCS2, 2),
        ("م" * 134, Alphabet.UCS2, 2),
        ("م" * 135, Alphabet.UCS2, 3),
        ("😀" * 35, Alphabet.UCS2, 1),
        ("😀" * 36, Alphabet.UCS2, 2),
        ("`", Alphabet.UCS2, 1),
    ],
)
def test_segments__known_texts__count_as_networks_do(text: str, alphabet: Alphabet, segments: int) -> None:
    cut = segments_of(text)
    assert (cut.alphabet, len(cut.bodies)) == (alphabet, segments)


@given(st.text(alphabet=GSM, max_size=700))
def test_segments__any_text_of_gsm__joins_to_itself_and_tears_nothing(text: str) -> None:
    cut = segments_of(text)
    codec = gsm0338.Codec()
    assert cut.alphabet is Alphabet.GSM7
    assert "".join(codec.decode(body)[0] for body in cut.bodies) == text
    assert all(len(body) <= (153 if cut.is_joined else 160) for body in cut.bodies)


@given(st.text(max_size=400))
def test_segments__any_text__joins_to_itself_and_tears_no_surrogates(text: str) -> None:
    cut = segments_of(text + "م")
    assert cut.alphabet is Alphabet.UCS2
    assert "".join(body.decode("utf-16-be") for body in cut.bodies) == text + "م"
    assert all(len(body) <= (134 if cut.is_joined else 140) for body in cut.bodies)
