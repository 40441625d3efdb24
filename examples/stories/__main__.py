"""``python -m examples.stories [NAME ...]``: tells the stories of the process models."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from examples.stories import continuum, five_stage_cyclic, four_stage, service_delivery
from examples.stories.desk import Desk

STORIES: dict[str, Callable[[], Desk]] = {
    "four_stage": four_stage.tell,
    "five_stage_cyclic": five_stage_cyclic.tell,
    "continuum": continuum.tell,
    "service_delivery": service_delivery.tell,
}
"""Each story by the name of its workflow; that of `six_stage` is the demonstration."""


def main(names: Sequence[str]) -> int:
    """Tell the stories named, or all. The exit status is 2 for a name that there is not."""
    unknown = [name for name in names if name not in STORIES]
    if unknown:
        print(
            f"There is no story {unknown[0]!r}. There are: {', '.join(STORIES)}.", file=sys.stderr
        )
        return 2
    for name in names or STORIES:
        STORIES[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
