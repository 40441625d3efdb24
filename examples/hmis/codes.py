"""The HMIS code lists that this example reads, with short labels of our own.

Source: HUD HMIS Data Standards FY2022. ``DESTINATIONS`` is element 3.12 (Destination),
``LIVING_SITUATIONS`` element 4.12 (Current Living Situation), ``RELATIONSHIPS`` element 3.15
(Relationship to Head of Household). The standard's own labels are longer; the codes are the same.
A code outside its list is never dropped: the reader keeps it and says so.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NO_EXIT_INTERVIEW: Final = 30
"""The destination code for an exit at which no exit interview was completed."""

MISSING_ANSWERS: Final = frozenset({8, 9, 99})
"""The codes for: client doesn't know, client refused, data not collected."""

_EITHER: Final = {
    1: "Emergency shelter",
    2: "Transitional housing",
    3: "Permanent housing for formerly homeless persons (other than RRH)",
    4: "Psychiatric hospital or facility",
    5: "Substance abuse treatment facility or detox center",
    6: "Hospital or other medical facility",
    7: "Jail, prison or juvenile detention facility",
    8: "Client doesn't know",
    9: "Client refused",
    10: "Rental, no ongoing subsidy",
    11: "Owned, no ongoing subsidy",
    14: "Hotel or motel without shelter voucher",
    15: "Foster care home or group home",
    16: "Place not meant for habitation",
    17: "Other",
    18: "Safe Haven",
    19: "Rental, VASH subsidy",
    20: "Rental, other ongoing subsidy",
    21: "Owned, ongoing subsidy",
    25: "Long-term care facility or nursing home",
    28: "Rental, GPD TIP subsidy",
    29: "Residential project or halfway house, no homeless criteria",
    31: "Rental, RRH or equivalent subsidy",
    32: "Host Home (non-crisis)",
    33: "Rental, HCV voucher",
    34: "Rental, public housing unit",
    99: "Data not collected",
}

DESTINATIONS: Final[Mapping[int, str]] = MappingProxyType(
    _EITHER
    | {
        12: "With family, temporary",
        13: "With friends, temporary",
        22: "With family, permanent",
        23: "With friends, permanent",
        24: "Deceased",
        26: "Moved from one HOPWA project to HOPWA PH",
        27: "Moved from one HOPWA project to HOPWA TH",
        NO_EXIT_INTERVIEW: "No exit interview completed",
    }
)
"""Where a client went at exit (element 3.12)."""

LIVING_SITUATIONS: Final[Mapping[int, str]] = MappingProxyType(
    _EITHER
    | {
        35: "In a family member's room, apartment or house",
        36: "In a friend's room, apartment or house",
        37: "Worker unable to determine",
    }
)
"""Where a client was living at a contact (element 4.12)."""

RELATIONSHIPS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "Self (head of household)",
        2: "Child of the head of household",
        3: "Spouse or partner of the head of household",
        4: "Other relation of the head of household",
        5: "Not related to the head of household",
        99: "Data not collected",
    }
)
"""How a client relates to the head of the household (element 3.15)."""
