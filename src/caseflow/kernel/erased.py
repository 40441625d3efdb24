"""What stands in the place of a field whose subject was erased: `ERASED`, of the class `Erased`.

Nobody can read it any more, and nobody may take it for something else. It is shown as
`(erased)`; whatever would draw a conclusion from it raises `ErasedRead`. Ask for it first:

    >>> value = ERASED
    >>> isinstance(value, Erased)
    True
    >>> f"She said: {value}"
    'She said: (erased)'
"""

from __future__ import annotations

from typing import Any

from caseflow.kernel.erasure_errors import ErasedRead


class Erased:
    """The class of `ERASED`, of which there is one in each process: `isinstance(value, Erased)`."""

    __slots__ = ()

    def __new__(cls) -> Erased:
        """The one that there is."""
        return ERASED

    def __repr__(self) -> str:
        return "Erased"

    def __str__(self) -> str:
        return "(erased)"

    def __format__(self, spec: str, /) -> str:
        return "(erased)"

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        raise ErasedRead(doing="comparing it")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # how Python and its libraries ask what something can do
            raise AttributeError(f"Erased has no {name}")
        raise ErasedRead(doing=f"taking its {name}")

    def __reduce__(self) -> str:
        return "ERASED"


ERASED: Erased = object.__new__(Erased)
"""What an erased field holds."""


def _raising(doing: str) -> Any:
    def read(self: Erased, *others: object) -> Any:
        raise ErasedRead(doing=doing)

    return read


# Set here and not written out, so that a type checker sees no such methods: to it, a text that
# is asked for `Erased` may then be both, and the code behind the question is not dead.
for _doing, _names in {
    "asking whether it is true": "bool",
    "taking its length": "len",
    "going through it": "iter reversed getitem contains",
    "taking it for a number": "int float complex index round trunc floor ceil",
    "ordering it": "lt le gt ge",
    "reckoning with it": "add sub mul matmul truediv floordiv mod divmod pow "
    "radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow "
    "and or xor lshift rshift rand ror rxor rlshift rrshift neg pos abs invert",
}.items():
    for _name in _names.split():
        setattr(Erased, f"__{_name}__", _raising(_doing))
