"""Eight processes contend for twenty cases, while consumers read the feed all the time.

In some jobs on PostgreSQL a transaction stays open for a while, and others that began later
commit before it: whoever reads the feed by plain positions would miss its events.
"""

from itertools import chain

from tests.chaos.crew import a_crew
from tests.chaos.databases import check, with_cases
from tests.chaos.invariants import check_order, holds
from tests.chaos.workers import Writing, consume, watch, write


def test_eight_writers_and_twenty_cases(url, form, tell):
    case_ids = with_cases(url, 20)
    joins = url.startswith("postgres")  # SQLite has one writer: all others would only wait
    with a_crew() as crew:
        crew.hire(consume, url, "once", True)
        crew.hire(consume, url, "again", False)
        watcher = crew.hire(watch, url)
        writers = [
            crew.hire(write, Writing(url, f"writer {number}", case_ids, joins=joins))
            for number in range(8)
        ]
        for writer in writers:
            crew.hear_of(writer, "trying")
        crew.listen(form["contending"])
        crew.dismiss(*writers)
        crew.dismiss()
    world = check(url, crew.done, once=["once"], again=["again"])
    seen = list(chain.from_iterable(page for kind, page in watcher.said if kind == "saw"))
    check_order(seen)
    holds(seen == list(world.feed), "the reader saw each event once, in order", saw=len(seen))
    assert not crew.errors, "there was contention and no failure"
    assert crew.counts["CONFLICT"] + crew.counts["VersionMoved"], "nobody contended"
    tell(
        acknowledged=len(crew.done),
        events=world.events,
        conflicts=crew.counts["CONFLICT"],
        moved=crew.counts["VersionMoved"],
        refused=crew.counts["Refused"],
    )
