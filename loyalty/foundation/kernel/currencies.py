"""The currencies of ISO 4217 that are legal tender somewhere, and how many decimals their amounts have."""

from decimal import ROUND_DOWN, Decimal

# Taken from Unicode CLDR 46 (territory currencies without an end date that are tender).
_TENDER = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP "
    "CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB "
    "RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU "
    "UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "
)
CODES = frozenset(_TENDER.split())
# ISO 4217 gives these other minor units than the usual two decimals.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS = {**dict.fromkeys(_NO_DECIMALS.split(), 0), **dict.fromkeys(_THREE_DECIMALS.split(), 3)}


def is_currency(code: str) -> bool:
    """Tell whether the text is the code of a currency in use."""
    return code in CODES


def decimals_of(code: str) -> int:
    """Give the number of decimals of an amount in the currency."""
    return _DECIMALS.get(code, 2)


def round_down(amount: Decimal, code: str) -> Decimal:
    """Cut an amount to the currency's decimals, towards zero, so that nobody is given more than was earned."""
    return amount.quantize(Decimal(1).scaleb(-decimals_of(code)), rounding=ROUND_DOWN)
