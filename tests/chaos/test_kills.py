"""Writers and consumers are killed without warning: between any two statements, and at any time."""

import signal
from random import Random

import pytest

from tests.chaos.crew import a_crew
from tests.chaos.databases import check, prepare, with_cases
from tests.chaos.trade import Job, do
from tests.chaos.workers import (
    Consuming,
    Writing,
    consume,
    die_consuming,
    die_restoring,
    die_writing,
    write,
)

NEVER = 10_000
"""More statements than there are."""
BEFORE = {
    "opening": (),
    "one event": ("open",),
    "one event more": ("open",),
    "a command": ("open",),
    "sixty events": ("open",),
    "about a relative": ("open",),
    "with a snapshot": ("open", "notes"),
    "amending": ("open", "notes", "notes"),
    "under an index": ("open",),
    "out of an index": ("open", "take"),
}
"""What a case has behind it before the append that its writer dies in."""
JOBS = {
    "opening": Job("", "", "open"),
    "one event": Job(None, "", "count", 1),
    "one event more": Job("", "", "count", 2),
    "a command": Job("", "", "notes", 3),
    "sixty events": Job("", "", "notes", 60),
    "about a relative": Job("", "", "relative", "mother"),
    "with a snapshot": Job("", "", "notes", 2),
    "amending": Job("", "", "void", 3),
    "under an index": Job("", "", "take", "ida"),
    "out of an index": Job("", "", "leave"),
}


def moments(statements, every):
    """Before which statements to die: all of a few; of many the first, the last, and some."""
    every_moment = range(1, statements + 1)
    return sorted({*every_moment[:7], *every_moment[::every], *every_moment[-7:]})


def warm(append, job):
    """What its writer does before, so that it knows the case and how it is listed."""
    return job._replace(command_id=None, detail=1) if append == "one event more" else None


def died(crew, work, *given):
    """Whether a worker died at its moment; the number of statements, where it did not."""
    worker = crew.hire(work, *given)
    if worker.ended(0, -signal.SIGKILL):
        return None
    return next(message[1] for message in worker.said if message[0] == "statements")


def before_and_job(append, name):
    """What is done on a case before an append, and the append's own job."""
    details = {"notes": 2, "take": f"clerk of {name}"}
    before = [
        Job(f"{name} before {number}", name, kind, details.get(kind))
        for number, kind in enumerate(BEFORE[append])
    ]
    job = JOBS[append]._replace(case_id=name)
    if job.command_id is not None:
        job = job._replace(command_id=f"{name} done")
    if job.kind == "take":
        job = job._replace(detail=f"clerk of {name}")
    return before, job


@pytest.mark.parametrize("append", JOBS)
def test_a_writer_dies_between_any_two_statements(url, append, form, tell):
    before, job = before_and_job(append, "whole")
    done = prepare(url, *before)
    with a_crew() as crew:
        statements = died(crew, die_writing, url, job, NEVER, warm(append, job))
        dying = {
            n: before_and_job(append, f"dies at {n}") for n in moments(statements, form["every"])
        }
        done += prepare(url, *(job for before, _ in dying.values() for job in before))
        for moment, (_, job) in dying.items():
            assert died(crew, die_writing, url, job, moment, warm(append, job)) is None
        done += crew.done
    world = check(url, done)
    behind = stood(append, done[: len(before)])
    jobs = {before_and_job(append, "whole")[1], *(job for _, job in dying.values())}
    whole = {job.case_id for job in jobs if world.version(job.case_id) > behind}
    assert {"whole", f"dies at {statements}"} <= whole
    assert {world.version(job.case_id) for job in jobs} <= {behind, world.version("whole")}
    check(url, [*done, *prepare(url, *(job for job in jobs if job.command_id is not None))])
    tell(kills=len(dying), statements=statements, written=len(whole))


def stood(append, done):
    """The version at which a case stood before the append."""
    return (done[-1].unit.last if done else 0) + (append == "one event more")


def test_an_import_dies_between_any_two_statements(url, form, tell):
    with a_crew() as crew:
        statements = died(crew, die_restoring, url, "whole", NEVER)
        names = ["whole"]
        for moment in moments(statements, form["every"]):
            names.append(f"dies at {moment}")
            assert died(crew, die_restoring, url, names[-1], moment) is None
    world = check(url, [])
    whole = [name for name in names if f"{name} 0" in world.cases]
    for name in names:
        wanted = {f"{name} {number}" for number in range(3)} if name in whole else set()
        assert {case_id for case_id in world.cases if case_id.startswith(name + " ")} == wanted
    assert {"whole", f"dies at {statements}"} <= set(whole)
    tell(kills=len(names) - 1, statements=statements, written=len(whole))


@pytest.mark.parametrize("within", [True, False], ids=["in one transaction", "after the work"])
def test_a_consumer_dies_between_any_two_statements(url, within, form, tell):
    prepare(url, Job(None, "case", "open"))
    here = Consuming(url, within)

    def one_more(consumer):
        """Let a consumer have worked on all there is, but one event."""
        here.turn(consumer)
        do(here.book, Job(f"for {consumer}", "case", "notes", 1))

    with a_crew() as crew:
        one_more("whole")
        statements = died(crew, die_consuming, url, "whole", NEVER, within)
        consumers = [f"dies at {moment}" for moment in moments(statements, form["every"])]
        for consumer in consumers:
            one_more(consumer)
            moment = int(consumer.rpartition(" ")[2])
            assert died(crew, die_consuming, url, consumer, moment, within) is None
    for consumer in [*consumers, "whole"]:
        here.turn(consumer)  # whoever comes next goes on where it stood
    here.close()
    assert 6 < len(consumers) <= statements
    consumers.append("whole")
    check(url, [], once=consumers if within else (), again=() if within else consumers)
    tell(kills=len(consumers) - 1, statements=statements)


def test_workers_are_killed_at_random_moments(durable_url, form, tell):
    random, case_ids = Random(7), with_cases(durable_url, 4)
    with a_crew() as crew:
        consumers = {
            crew.hire(consume, durable_url, "once", True): (consume, durable_url, "once", True),
            crew.hire(consume, durable_url, "again", False): (consume, durable_url, "again", False),
        }
        writers = {}
        for number in range(3):
            given = Writing(durable_url, f"writer {number}", case_ids)
            writers[crew.hire(write, given)] = given
        for kill in range(form["kills"]):
            crew.listen(random.uniform(0.0, 0.15))
            if kill % 4 == 3:
                victim = random.choice(list(consumers))
                victim.kill()
                given = consumers.pop(victim)
                consumers[crew.hire(*given)] = given
                continue
            victim = random.choice(list(writers))
            crew.hear_of(victim, "done")
            victim.kill()
            given = writers.pop(victim)
            name = f"{given.name.partition(',')[0]}, life {kill + 2}"
            given = given._replace(name=name, unfinished=victim.trying)
            writers[crew.hire(write, given)] = given
        crew.dismiss(*writers)
        crew.dismiss()
    world = check(durable_url, crew.done, once=["once"], again=["again"])
    assert not crew.errors, "nothing but a kill went wrong"
    tell(
        kills=form["kills"],
        acknowledged=len(crew.done),
        events=world.events,
        conflicts=crew.counts["CONFLICT"],
    )
