"""What stands beside an amount: a currency's sign, code of ISO 4217 or usual short name, or what changes it.

CR and DR change an amount's sign, K and M its size, p and ¢ its unit. Any other word is a label.
"""

from __future__ import annotations

import unicodedata

# ISO 4217, list one as of 2025, without funds and metals.
_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
# Of the same standard, list three: what older documents are in.
_FORMER_CODES = "ANG ATS BEF BGN CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK"
_SHORT_NAMES = (
    "RM RMB RP RS RE KR SKR NKR DKR ZL KC FT LEI FR SFR FF DM DH DHS SR QR BD KD JD LE KSH TSH USH TL TK"
)
SPELT = frozenset(["zł", "Kč", "лв", "руб", "грн", "дин", "ден", "元", "円", "圆", "원"])
"""Short names with letters that ASCII lacks, as they are printed."""
NAMES = frozenset(f"{_CODES} {_FORMER_CODES} {_SHORT_NAMES} {' '.join(SPELT).upper()}".split())
BEFORE_ONLY = frozenset("RPQ")
"""Rand, peso, quetzal; behind an amount such a letter says something else, such as a rate of tax."""
_CHANGING = (
    "CR DR DB K M MM MN MIO MLN BN MRD MIA TSD Cr Dr k m Mio Mrd Mn Bn bn mn Tsd cr dr p \N{CENT SIGN}"
)
CHANGING_BEFORE = frozenset({"CR", "DR", "DB", "Cr", "Dr"})
CHANGING_AFTER = frozenset(_CHANGING.split())
_SIZES = frozenset("KMTB")
"""Before a sign: of K€ the amount is a thousandth. B$ and T$ are currencies."""


def is_currency(word: str, *, before: bool) -> bool:
    """Whether a word beside an amount is a currency's.

    Args:
        word: Letters, perhaps with a dot behind, or a sign, perhaps with letters before (``US$``).
        before: Whether it stands before the amount.
    """
    name = word.rstrip(".")
    if unicodedata.category(name[-1]) == "Sc":
        return name[-1] not in "¢￠" and (name[-1] == "$" or name[:-1].upper() not in _SIZES)
    return name.upper() in NAMES or (before and name in BEFORE_ONLY)


def changes_amount(word: str, *, before: bool) -> bool:
    """Whether a word beside an amount makes it another one.

    Args:
        word: Letters, perhaps with a dot behind.
        before: Whether it stands before the amount.
    """
    return word.rstrip(".") in (CHANGING_BEFORE if before else CHANGING_AFTER)
