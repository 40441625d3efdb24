"""A contract that lets a faulty store pass is worth nothing: each planted fault is caught.

Beside every fault stand tests of the contract that must fail on it. That they hold without a
fault is in `test_contract.py` and `tests/storage/test_contract_memory.py`.
"""

import time
from contextlib import contextmanager
from itertools import groupby

import pytest

from caseflow.storage import (
    Appended,
    Checkpoint,
    Consumers,
    FeedEntry,
    MemoryStorage,
    Place,
    Query,
    Snapshot,
)
from caseflow.testing import storage_contract
from examples.line_store import LineStore, open_store
from tests.support.stores import Change, Embedded, change
from tests.testing.contracts import broken_in

# -- histories and commands ------------------------------------------------------------------


class LosesAnEventOfSeveral(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(events=unit.events[:100]))


class AcknowledgesWithoutWriting(MemoryStorage):
    def append(self, unit, /):
        return Appended.DONE if unit.expected == 1 else super().append(unit)


class TakesWhatWasDecidedTooLate(MemoryStorage):
    def append(self, unit, /):
        head = self.head(unit.agency, unit.case_id)
        return super().append(unit._replace(expected=head.version if head else 0))


class ChangesTheText(MemoryStorage):
    def read(self, agency, case_id, /, **options):
        rows = super().read(agency, case_id, **options)
        return [row._replace(payload=row.payload.rstrip()) for row in rows]


class TakesNothingForAnEmptyText(MemoryStorage):
    def read(self, agency, case_id, /, **options):
        rows = super().read(agency, case_id, **options)
        return [row._replace(reason=row.reason or None) for row in rows]


class SwapsTwoColumns(MemoryStorage):
    def append(self, unit, /):
        events = tuple(e._replace(occurred_at=e.recorded_at) for e in unit.events)
        return super().append(unit._replace(events=events))


class ForgetsWhereToBegin(MemoryStorage):
    def read(self, agency, case_id, /, *, after=0, types=None):
        return super().read(agency, case_id, after=0 if types else after, types=types)


class KeepsTheFirstHash(MemoryStorage):
    def head(self, agency, case_id, /):
        head = super().head(agency, case_id)
        return head and head._replace(hash=self.read(agency, case_id)[0].hash)


class ForgetsCommands(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(command_id=None))


class ForgetsCommandsOfOtherCases(MemoryStorage):
    def append(self, unit, /):
        wrote = self.command(unit.agency, unit.command_id)
        if wrote and wrote[0].case_id != unit.case_id:
            unit = unit._replace(command_id=None)
        return super().append(unit)


class TellsAConflictBeforeADuplicate(MemoryStorage):
    def append(self, unit, /):
        head = self.head(unit.agency, unit.case_id)
        late = (head.version if head else 0) != unit.expected
        return Appended.CONFLICT if late else super().append(unit)


class LeavesTheCommandOfAConflictClaimed(MemoryStorage):
    def append(self, unit, /):
        done = super().append(unit)
        if done is Appended.CONFLICT and unit.agency in self._agencies:
            self._agencies[unit.agency].commands[unit.command_id] = unit.events
        return done


class SharesCommandsBetweenAgencies(MemoryStorage):
    def command(self, agency, command_id, /):
        return next(
            (f for a in self._agencies if (f := super(type(self), self).command(a, command_id))), ()
        )


class NamesAgenciesWithoutCases(MemoryStorage):
    def agencies(self):
        return sorted(self._agencies)


class KeepsADroppedSnapshot(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(drop_snapshot=False))


class MovesTheSnapshotOn(MemoryStorage):
    def snapshot(self, agency, case_id, /):
        kept, head = super().snapshot(agency, case_id), self.head(agency, case_id)
        return kept and Snapshot(head.version, kept.text)


LONG_ENOUGH = 0.03
"""So many seconds let another thread look as well, on a machine that is busy too."""


class HasNoLock(MemoryStorage):
    """Looks, and then writes: somebody else may have written in between."""

    def append(self, unit, /):
        if unit.agency not in self._agencies:
            self.advance(
                unit.agency, "nobody", expected=Checkpoint(), position=0
            )  # makes room for it
        kept = self._agencies[unit.agency]
        if unit.command_id in kept.commands:
            return Appended.DUPLICATE
        if len(kept.cases.get(unit.case_id, ())) != unit.expected:
            return Appended.CONFLICT
        if any(kept.tokens.get((c.name, c.value), 0) != c.token for c in unit.counts):
            return Appended.CONFLICT
        time.sleep(LONG_ENOUGH)
        kept.write(unit)
        return Appended.DONE


# -- lists -------------------------------------------------------------------------------------


def ignoring(field):
    """A store that finds cases as if one field of the query had not been given."""

    class IgnoresAField(MemoryStorage):
        def find(self, agency, query, /, **options):
            return super().find(agency, query._replace(**{field: None}), **options)

    return IgnoresAField


class FindsOneWhoIsDueAtTheMomentTooLate(MemoryStorage):
    def find(self, agency, query, /, **options):
        found = super().find(agency, query, **options)
        return [one for one in found if not query.due_by or one.listing.due_at < query.due_by]


class FindsKeysByTheirBeginning(MemoryStorage):
    def find(self, agency, query, /, *, after=None, limit=100):
        found = super().find(agency, query._replace(key=None), after=after, limit=10_000)
        name, value = query.key or ("", "")
        return [
            one
            for one in found
            if not query.key or any(n == name and v.startswith(value) for n, v in one.listing.keys)
        ][:limit]


class RepeatsTheLastOfAPage(MemoryStorage):
    def find(self, agency, query, /, *, after=None, limit=100):
        if after is not None and limit > 1:
            after = after._replace(opened=after.opened - 1)
        return super().find(agency, query, after=after, limit=limit)


class PagesWhatIsDueByTheMomentAlone(MemoryStorage):
    def find(self, agency, query, /, *, after=None, limit=100):
        if after is not None and query.due_by is not None:
            after = Place(after.due_at, 10_000)
        return super().find(agency, query, after=after, limit=limit)


class ListsByName(MemoryStorage):
    def find(self, agency, query, /, **options):
        return sorted(super().find(agency, query, **options), key=lambda one: one.case_id)


class ListsOtherAgencies(MemoryStorage):
    def find(self, agency, query, /, **options):
        return [
            one
            for each in self.agencies()
            for one in super(type(self), self).find(each, query, **options)
        ]


class ListsACaseAsItWasOpened(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit if unit.expected == 0 else unit._replace(listing=None))


class ForgetsWhoseDataItHeld(MemoryStorage):
    def append(self, unit, /):
        done = super().append(unit)
        if done is Appended.DONE and unit.subjects:
            self._agencies[unit.agency].subjects[unit.case_id] = set(unit.subjects)
        return done


class ListsAnewAtAnyVersion(MemoryStorage):
    def relist(self, agency, case_id, /, *, version, listing, forget=False):
        head = self.head(agency, case_id)
        given = {"version": head.version if head else version, "listing": listing}
        return super().relist(agency, case_id, forget=forget, **given)


class ForgetsNothing(MemoryStorage):
    def relist(self, agency, case_id, /, *, version, listing, forget=False):
        return super().relist(agency, case_id, version=version, listing=listing)


# -- counts ------------------------------------------------------------------------------------


class CountsTheCaseItself(MemoryStorage):
    def count(self, agency, name, value, /, *, besides=""):
        return super().count(agency, name, value)


class CountsOneTooFew(MemoryStorage):
    def count(self, agency, name, value, /, *, besides=""):
        found = super().count(agency, name, value, besides=besides)
        return found._replace(cases=max(0, found.cases - 1))


class HasATokenThatNeverChanges(MemoryStorage):
    def count(self, agency, name, value, /, *, besides=""):
        return super().count(agency, name, value, besides=besides)._replace(token=0)

    def append(self, unit, /):
        return super().append(unit._replace(counts=()))


class TakesTheCountForAToken(MemoryStorage):
    """As many as before need not be the same as before."""

    def count(self, agency, name, value, /, *, besides=""):
        found = super().count(agency, name, value, besides=besides)
        return found._replace(token=super().count(agency, name, value).cases)

    def append(self, unit, /):
        now = [
            super(TakesTheCountForAToken, self).count(unit.agency, c.name, c.value)
            for c in unit.counts
        ]
        if any(one.cases != c.token for one, c in zip(now, unit.counts, strict=True)):
            return Appended.CONFLICT
        return super().append(unit._replace(counts=()))


class LooksAtTheFirstCountOnly(MemoryStorage):
    def append(self, unit, /):
        return super().append(unit._replace(counts=unit.counts[:1]))


class ChangesEveryToken(MemoryStorage):
    """Right, but nobody can lean on a count while anybody works."""

    def append(self, unit, /):
        done = super().append(unit)
        tokens = self._agencies[unit.agency].tokens
        for key in tokens:
            tokens[key] += done is Appended.DONE
        return done


class ListsAnewWithoutAToken(MemoryStorage):
    def relist(self, agency, case_id, /, *, version, listing, forget=False):
        tokens = dict(self._of(agency).tokens)
        done = super().relist(agency, case_id, version=version, listing=listing, forget=forget)
        self._of(agency).tokens = tokens
        return done


class TalliesEveryIndex(MemoryStorage):
    def tally(self, agency, name, /):
        found = super().find(agency, Query(), limit=10_000)
        values = [value for one in found for _, value in one.listing.keys]
        return {value: values.count(value) for value in values}


# -- the feed ----------------------------------------------------------------------------------


class SkipsAnEvent(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        return [e for e in super().feed(agency, after=after, limit=limit) if e.position % 5]


class LosesAnEventAndNumbersOn(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        whole = [e for e in super().feed(agency, limit=10_000) if e.position != 4]
        return [FeedEntry(n, e.event) for n, e in enumerate(whole, 1)][after : after + limit]


class RepeatsAnEvent(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        return super().feed(agency, after=max(after - 1, 0), limit=limit)


class TellsACaseOutOfOrder(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        whole = super().feed(agency, limit=10_000)
        events = [e.event for e in whole]
        events = [*events[:1], *reversed(events[1:])]
        return [FeedEntry(n, e) for n, e in enumerate(events, 1)][after : after + limit]


class NumbersByCase(MemoryStorage):
    """Each case's events in order, but a position is another when an older case goes on."""

    def feed(self, agency, /, *, after=0, limit=100):
        events = sorted(e.event for e in super().feed(agency, limit=10_000))
        return [FeedEntry(n, e) for n, e in enumerate(events, 1)][after : after + limit]


class HasOneFeedForAll(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        whole = [
            e.event
            for one in self.agencies()
            for e in super(HasOneFeedForAll, self).feed(one, limit=10_000)
        ]
        return [FeedEntry(n, e) for n, e in enumerate(whole, 1)][after : after + limit]


class MovesACheckpointFromAnywhere(MemoryStorage):
    def advance(self, agency, consumer, /, *, expected, position, workflow=""):
        return super().advance(
            agency,
            consumer,
            expected=self.checkpoint(agency, consumer),
            position=position,
            workflow=workflow,
        )


class KeepsOnlyThePosition(MemoryStorage):
    """Moved on and back again it takes a checkpoint for the same."""

    def checkpoint(self, agency, consumer, /):
        return super().checkpoint(agency, consumer)._replace(token=0)

    def advance(self, agency, consumer, /, *, expected, position, workflow=""):
        found = super().checkpoint(agency, consumer)
        real = found if found.position == expected.position else expected
        return super().advance(
            agency, consumer, expected=real, position=position, workflow=workflow
        )

    def consumers(self, agency, /):
        end, found = super().consumers(agency)
        return Consumers(end, {name: self.checkpoint(agency, name) for name in found})


class HasOneCheckpointForAll(MemoryStorage):
    def checkpoint(self, agency, consumer, /):
        return super().checkpoint(agency, "all")

    def advance(self, agency, consumer, /, *, expected, position, workflow=""):
        return super().advance(
            agency, "all", expected=expected, position=position, workflow=workflow
        )

    def delete_consumer(self, agency, consumer, /):
        return super().delete_consumer(agency, "all")


class DeletesAConsumerOfEveryAgency(MemoryStorage):
    def delete_consumer(self, agency, consumer, /):
        delete = super().delete_consumer
        return sum(delete(one, consumer) for one in self._agencies) > 0


class OnlyMovesBackWhoIsDeleted(MemoryStorage):
    def delete_consumer(self, agency, consumer, /):
        found = self.checkpoint(agency, consumer)
        return found.position > 0 and self.advance(agency, consumer, expected=found, position=0)


class ListsNoConsumerThatStandsAtTheStart(MemoryStorage):
    def consumers(self, agency, /):
        end, found = super().consumers(agency)
        return Consumers(end, {name: one for name, one in found.items() if one.position})


class TellsTheEndOfAllFeeds(MemoryStorage):
    def consumers(self, agency, /):
        ends = [super(TellsTheEndOfAllFeeds, self).consumers(one).end for one in self._agencies]
        return super().consumers(agency)._replace(end=sum(ends))


# -- restoring ---------------------------------------------------------------------------------


class MendsWhateverStandsThere(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        return super().mend(agency, history, head=self.head(agency, history.case_id))


class FeedsWhatWasMendedAgain(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        done = super().mend(agency, history, head=head)
        self._agencies[agency].feed += [(history.case_id, 1)] if done else []
        return done


class ShowsWhatComesInThePlaceOfWhatWasLost(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        before = self._agencies[agency].feed[:]
        done = super().mend(agency, history, head=head)
        self._agencies[agency].feed[: len(before)] = before
        return done


class MendsWithoutTokens(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        tokens = dict(self._of(agency).tokens)
        done = super().mend(agency, history, head=head)
        self._of(agency).tokens = tokens
        return done


class MendsAndKeepsSubjects(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        held = self._of(agency).subjects.get(history.case_id, ())
        wanted = history._replace(subjects=(*held, *history.subjects))
        return super().mend(agency, wanted, head=head)


class MendsAndKeepsTheSnapshot(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        kept = dict(self._of(agency).snapshots)
        done = super().mend(agency, history, head=head)
        self._of(agency).snapshots.update(kept)
        return done


class MendsWithACommandTwice(MemoryStorage):
    def mend(self, agency, history, /, *, head):
        ids = [one for one, _ in groupby(event.command_id for event in history.events) if one]
        events = [
            one._replace(command_id=None) if ids.count(one.command_id) > 1 else one
            for one in history.events
        ]
        return super().mend(agency, history._replace(events=events), head=head)


class RestoresACommandApartAsOne(MemoryStorage):
    def restore(self, agency, histories, /):
        joined = []
        for one in histories:
            last = {event.command_id: event.number for event in one.events}
            events, held = [], None
            for event in one.events:  # what stands between two events of a command is of it too
                held = event.command_id or held
                of_it = held is not None and event.number <= last[held]
                events.append(event._replace(command_id=held if of_it else None))
            joined.append(one._replace(events=events))
        return super().restore(agency, joined)


class TellsOfAConsumerOnePositionLate(MemoryStorage):
    def loose_ends(self, agency, /, *, mend=False):
        late = self.consumers(agency).end + 1
        found = super().loose_ends(agency, mend=mend)
        return [one for one in found if (one.kind, one.number) != ("consumer", late)]


class EndsAtWhatShowsNothing(MemoryStorage):
    def feed(self, agency, /, *, after=0, limit=100):
        page = super().feed(agency, after=after, limit=limit)
        return [one for one in page if one.position <= after + limit]


class FindsNothingLoose(MemoryStorage):
    def loose_ends(self, agency, /, *, mend=False):
        return []


class RestoresOneByOne(MemoryStorage):
    def restore(self, agency, histories, /):
        return sum(super(RestoresOneByOne, self).restore(agency, [one]) for one in histories)


class RestoresWithoutCommands(MemoryStorage):
    def restore(self, agency, histories, /):
        written = super().restore(agency, histories)
        self._of(agency).commands.clear()
        return written


class RestoresPastTheFeed(MemoryStorage):
    def restore(self, agency, histories, /):
        before = list(self._of(agency).feed)
        written = super().restore(agency, histories)
        self._of(agency).feed = before
        return written


class RestoresWithoutTokens(MemoryStorage):
    def restore(self, agency, histories, /):
        before = dict(self._of(agency).tokens)
        written = super().restore(agency, histories)
        self._of(agency).tokens = before
        return written


FAULTS = {
    LosesAnEventOfSeveral: {"test_a_unit_of_many_events_is_written_whole_and_in_order"},
    AcknowledgesWithoutWriting: {"test_versions_are_contiguous"},
    TakesWhatWasDecidedTooLate: {
        "test_versions_are_contiguous",
        "test_of_many_threads_at_one_version_exactly_one_wins_each_round",
    },
    ChangesTheText: {"test_rows_come_back_as_they_were_given_in_order"},
    TakesNothingForAnEmptyText: {"test_whatever_text_a_column_holds_comes_back"},
    SwapsTwoColumns: {"test_every_column_comes_back_as_it_was"},
    ForgetsWhereToBegin: {"test_rows_can_be_read_after_a_number_and_of_some_types"},
    KeepsTheFirstHash: {"test_the_head_says_where_a_case_stands"},
    ForgetsCommands: {
        "test_a_command_is_found_with_what_it_wrote",
        "test_a_repeated_command_is_a_duplicate_wherever_the_case_stands",
    },
    ForgetsCommandsOfOtherCases: {
        "test_a_repeated_command_is_a_duplicate_wherever_the_case_stands",
        "test_a_command_sent_by_many_threads_on_many_cases_takes_effect_once",
    },
    TellsAConflictBeforeADuplicate: {
        "test_a_repeated_command_is_a_duplicate_wherever_the_case_stands"
    },
    LeavesTheCommandOfAConflictClaimed: {
        "test_a_command_that_met_a_conflict_can_be_sent_again",
        "test_a_command_that_leaned_on_a_count_that_changed_can_be_sent_again",
    },
    SharesCommandsBetweenAgencies: {"test_agencies_never_see_each_others_commands"},
    NamesAgenciesWithoutCases: {"test_the_agencies_are_those_that_have_cases_sorted"},
    KeepsADroppedSnapshot: {"test_a_snapshot_that_no_longer_holds_is_dropped"},
    MovesTheSnapshotOn: {"test_a_snapshot_is_kept_with_its_version_until_the_next"},
    HasNoLock: {
        "test_of_many_threads_at_one_version_exactly_one_wins_each_round",
        "test_of_many_threads_that_open_one_case_exactly_one_wins",
        "test_a_command_sent_by_many_threads_on_many_cases_takes_effect_once",
        "test_no_cap_is_exceeded_by_threads_that_lean_on_the_count",
        "test_of_two_who_each_lean_on_what_the_other_changes_one_is_told",
    },
    FindsOneWhoIsDueAtTheMomentTooLate: {
        "test_every_field_alone_and_every_two_find_what_they_should"
    },
    FindsKeysByTheirBeginning: {"test_every_field_alone_and_every_two_find_what_they_should"},
    RepeatsTheLastOfAPage: {
        "test_pages_neither_repeat_nor_miss_a_case",
        "test_pages_hold_while_cases_are_opened_and_go_on",
    },
    PagesWhatIsDueByTheMomentAlone: {"test_pages_neither_repeat_nor_miss_a_case"},
    ListsByName: {"test_cases_are_listed_in_the_order_of_their_opening"},
    ListsOtherAgencies: {"test_no_list_shows_another_agencys_cases"},
    ListsACaseAsItWasOpened: {"test_a_unit_lists_its_case_anew_or_leaves_it_as_it_was"},
    ForgetsWhoseDataItHeld: {"test_a_case_is_found_by_everybody_whose_data_it_ever_held"},
    ListsAnewAtAnyVersion: {"test_a_listing_is_replaced_only_at_the_version_that_it_was_made_of"},
    ForgetsNothing: {"test_a_snapshot_goes_where_it_is_to_be_forgotten_and_else_stays"},
    CountsTheCaseItself: {"test_a_count_tells_how_many_cases_are_under_a_value"},
    CountsOneTooFew: {
        "test_a_count_tells_how_many_cases_are_under_a_value",
        "test_lists_and_counts_are_right_after_whatever_was_done",
    },
    HasATokenThatNeverChanges: {
        "test_a_token_changes_whenever_cases_come_or_go",
        "test_who_leans_on_a_count_that_changed_is_told_and_leaves_nothing_behind",
        "test_no_cap_is_exceeded_by_threads_that_lean_on_the_count",
    },
    TakesTheCountForAToken: {"test_a_token_changes_whenever_cases_come_or_go"},
    LooksAtTheFirstCountOnly: {
        "test_who_leans_on_a_count_that_changed_is_told_and_leaves_nothing_behind"
    },
    ChangesEveryToken: {"test_a_token_stays_while_the_same_cases_are_there"},
    ListsAnewWithoutAToken: {"test_listing_anew_counts_as_coming_and_going"},
    TalliesEveryIndex: {"test_a_tally_tells_all_values_of_one_index"},
    SkipsAnEvent: {"test_the_feed_holds_every_event_once_and_each_cases_in_order"},
    LosesAnEventAndNumbersOn: {
        "test_the_feed_holds_every_event_once_and_each_cases_in_order",
        "test_who_reads_the_feed_while_threads_write_misses_nothing",
    },
    RepeatsAnEvent: {"test_the_feed_can_be_read_on_from_every_position_in_pieces_of_any_size"},
    TellsACaseOutOfOrder: {"test_the_feed_holds_every_event_once_and_each_cases_in_order"},
    NumbersByCase: {"test_positions_never_change_whatever_is_appended_later"},
    HasOneFeedForAll: {"test_every_agency_has_a_feed_of_its_own"},
    MovesACheckpointFromAnywhere: {
        "test_a_checkpoint_moves_only_from_where_it_is_expected",
        "test_of_many_consumers_at_one_checkpoint_exactly_one_moves_it",
    },
    HasOneCheckpointForAll: {
        "test_consumers_and_agencies_have_checkpoints_of_their_own",
        "test_every_consumer_is_listed_with_its_checkpoint_and_the_end_of_the_feed",
        "test_a_consumer_that_is_deleted_is_as_if_it_had_never_worked",
    },
    KeepsOnlyThePosition: {"test_a_checkpoint_that_came_back_to_a_position_is_another_one"},
    DeletesAConsumerOfEveryAgency: {"test_a_consumer_that_is_deleted_is_as_if_it_had_never_worked"},
    OnlyMovesBackWhoIsDeleted: {"test_a_consumer_that_is_deleted_is_as_if_it_had_never_worked"},
    ListsNoConsumerThatStandsAtTheStart: {
        "test_every_consumer_is_listed_with_its_checkpoint_and_the_end_of_the_feed"
    },
    TellsTheEndOfAllFeeds: {
        "test_every_consumer_is_listed_with_its_checkpoint_and_the_end_of_the_feed"
    },
    RestoresOneByOne: {
        "test_none_is_restored_where_one_of_the_cases_is_there",
        "test_none_is_restored_where_one_of_the_commands_was_used",
        "test_none_is_restored_where_what_hands_them_over_fails",
    },
    RestoresWithoutCommands: {
        "test_a_restored_history_is_there_with_its_commands",
        "test_a_restored_case_goes_on_where_it_stands",
    },
    MendsWhateverStandsThere: {
        "test_a_mended_history_is_there_in_the_place_of_the_one_before",
        "test_a_history_is_mended_that_is_not_there_at_all",
    },
    FeedsWhatWasMendedAgain: {"test_a_mended_history_is_there_in_the_place_of_the_one_before"},
    ShowsWhatComesInThePlaceOfWhatWasLost: {
        "test_the_positions_of_events_that_are_lost_show_nothing_from_then_on"
    },
    MendsWithoutTokens: {"test_nothing_that_was_derived_is_left_of_a_history_once_it_is_mended"},
    MendsAndKeepsSubjects: {"test_nothing_that_was_derived_is_left_of_a_history_once_it_is_mended"},
    MendsAndKeepsTheSnapshot: {
        "test_nothing_that_was_derived_is_left_of_a_history_once_it_is_mended"
    },
    MendsWithACommandTwice: {"test_a_history_is_mended_that_is_not_there_at_all"},
    RestoresACommandApartAsOne: {"test_none_is_restored_where_one_of_the_commands_was_used"},
    TellsOfAConsumerOnePositionLate: {
        "test_what_appending_and_moving_checkpoints_leave_loose_is_told"
    },
    EndsAtWhatShowsNothing: {
        "test_the_positions_of_events_that_are_lost_show_nothing_from_then_on"
    },
    FindsNothingLoose: {
        "test_what_appending_and_moving_checkpoints_leave_loose_is_told",
        "test_what_does_not_fit_is_told_and_put_right_where_it_is_derived",
    },
    RestoresPastTheFeed: {"test_restored_events_are_in_the_feed"},
    RestoresWithoutTokens: {"test_restored_cases_are_counted"},
}
FILTERS = {ignoring(field): field for field in Query._fields}


def caught_by(tests, store):
    """Which of these tests a store fails, each by a promise that it does not keep."""
    lacks = ["durability", "processes", "transactions"]
    told = {}
    broken_in(storage_contract(lambda place: store(), lacks=lacks), told, only=tests)
    return {test for test, words in told.items() if "ContractBroken" in words}


@pytest.mark.parametrize(("store", "wanted"), FAULTS.items(), ids=[s.__name__ for s in FAULTS])
def test_a_planted_fault_is_caught(store, wanted):
    assert caught_by(wanted, store) == wanted
    assert caught_by(wanted, MemoryStorage) == set()


@pytest.mark.parametrize(("store", "field"), FILTERS.items(), ids=FILTERS.values())
def test_a_filter_that_is_ignored_is_caught(store, field):
    wanted = {"test_every_field_alone_and_every_two_find_what_they_should"}
    assert caught_by(wanted, store) == wanted


# -- stores on a file --------------------------------------------------------------------------


class KeepsNothing(LineStore):
    """Acknowledges what it has only in memory."""

    def _write(self, verb, *given):
        pass


class WritesItsUnitsInPieces(LineStore):
    """Each event gets a line of its own: whoever dies between two leaves half a unit."""

    def append(self, unit, /):
        done = Appended.DONE
        for event in unit.events:
            one = unit._replace(events=(event,), expected=event.number - 1)
            if event is not unit.events[0]:
                one = one._replace(command_id=None)
            done = super().append(one)
            time.sleep(0.02)
        return done


class LocksNobodyOut(LineStore):
    @contextmanager
    def _holding(self, lock):
        yield

    def _catch_up(self):
        super()._catch_up()
        time.sleep(LONG_ENOUGH)  # somebody else writes meanwhile


class MakesItsFileTwice(LineStore):
    """Looks whether there is a file, and makes one: somebody else may have made it in between."""

    def __init__(self, path):
        there = path.exists()
        time.sleep(LONG_ENOUGH)
        if not there:
            path.touch(exist_ok=False)
        super().__init__(path)


class ForgetsCheckpoints(LineStore):
    def advance(self, agency, consumer, /, *, expected, position, workflow=""):
        return self._memory.advance(
            agency, consumer, expected=expected, position=position, workflow=workflow
        )


def opens(store):
    """A function at the top of this module: other processes call it."""
    return globals()[f"open_{store.__name__}"]


def open_KeepsNothing(place):  # noqa: N802 - named after the store that it opens
    return KeepsNothing(place / "cases.jsonl")


def open_WritesItsUnitsInPieces(place):  # noqa: N802  # called as its store is
    return WritesItsUnitsInPieces(place / "cases.jsonl")


def open_LocksNobodyOut(place):  # noqa: N802  # called as its store is
    return LocksNobodyOut(place / "cases.jsonl")


def open_MakesItsFileTwice(place):  # noqa: N802  # called as its store is
    return MakesItsFileTwice(place / "cases.jsonl")


def open_ForgetsCheckpoints(place):  # noqa: N802  # called as its store is
    return ForgetsCheckpoints(place / "cases.jsonl")


ON_A_FILE = {
    KeepsNothing: {
        "test_histories_are_there_after_reopening",
        "test_lists_are_the_same_after_reopening",
        "test_counts_can_be_leaned_on_after_reopening",
        "test_a_store_sees_at_once_what_another_wrote",
        "test_what_a_process_wrote_is_there_after_its_end",
    },
    WritesItsUnitsInPieces: {
        "test_a_process_that_is_killed_leaves_whole_units_and_all_that_was_acknowledged"
    },
    LocksNobodyOut: {"test_of_many_stores_at_one_version_exactly_one_wins_each_round"},
    MakesItsFileTwice: {"test_many_stores_can_be_opened_at_once_where_nothing_is_yet"},
    ForgetsCheckpoints: {"test_positions_and_checkpoints_are_the_same_after_reopening"},
}


@pytest.mark.parametrize(
    ("store", "wanted"), ON_A_FILE.items(), ids=[s.__name__ for s in ON_A_FILE]
)
def test_a_fault_of_a_store_on_a_file_is_caught(store, wanted):
    lacks = ["transactions"]
    assert broken_in(storage_contract(opens(store), lacks=lacks), only=wanted) == wanted
    assert not broken_in(storage_contract(open_store, lacks=lacks), only=wanted)


# -- transactions ------------------------------------------------------------------------------


@contextmanager
def kept_anyway(base):
    """What is rolled back was written all the same."""
    with change(base) as one:
        try:
            yield one
        finally:
            one.commit()


@contextmanager
def never_kept(base):
    """A commit that writes nothing."""
    with change(base) as one:
        one.commit = one.rollback
        yield one


@contextmanager
def seen_at_once(base):
    """What a transaction writes is seen before its commit."""
    with change(base) as one:
        one.store = base
        yield one


class NumberedAtOnce(Embedded):
    """A position is given when an event is written, and is seen when it is committed.

    So is a serial column of a database. Transactions of this store do not wait for each other.
    """

    def __init__(self):
        super().__init__()
        self.next = 1
        self.positions = {}

    def number(self, unit):
        for event in unit.events:
            self.positions[event.case_id, event.number] = self.next
            self.next += 1

    def append(self, unit, /):
        done = super().append(unit)
        if done is Appended.DONE and (unit.case_id, unit.events[0].number) not in self.positions:
            self.number(unit)
        return done

    def feed(self, agency, /, *, after=0, limit=100):
        entries = [
            FeedEntry(self.positions[e.event.case_id, e.event.number], e.event)
            for e in super().feed(agency, limit=10_000)
        ]
        return sorted(e for e in entries if e.position > after)[:limit]


class Numbering(Change):
    """A transaction that numbers what it writes, and writes it when it is committed."""

    def __init__(self, base):
        super().__init__(base)
        self.base, self.units = base, []
        write = self.store.append

        def append(unit, /):
            done = write(unit)
            if done is Appended.DONE:
                base.number(unit)
                self.units.append(unit)
            return done

        self.store.append = append

    def commit(self):
        for unit in self.units:
            self.base.append(unit)


@contextmanager
def not_waiting(base):
    yield Numbering(base)


IN_TRANSACTIONS = {
    kept_anyway: (Embedded, {"test_a_transaction_that_is_rolled_back_leaves_nothing"}),
    never_kept: (Embedded, {"test_what_was_written_is_there_after_the_commit_and_not_before"}),
    seen_at_once: (
        Embedded,
        {
            "test_what_was_written_is_there_after_the_commit_and_not_before",
            "test_what_was_rolled_back_is_in_no_list_count_or_feed",
        },
    ),
    not_waiting: (
        NumberedAtOnce,
        {
            "test_who_reads_between_two_commits_out_of_order_misses_nothing",
            "test_who_reads_while_transactions_are_held_open_sees_each_committed_event_once",
        },
    ),
}


@pytest.mark.parametrize(
    ("begin", "store", "wanted"),
    [(begin, *rest) for begin, rest in IN_TRANSACTIONS.items()],
    ids=[begin.__name__ for begin in IN_TRANSACTIONS],
)
def test_a_fault_of_transactions_is_caught(begin, store, wanted):
    lacks = ["durability", "processes"]
    made = storage_contract(lambda place: store(), lacks=lacks, transaction=begin)
    assert broken_in(made, only=wanted) == wanted
    sound = storage_contract(lambda place: Embedded(), lacks=lacks, transaction=change)
    assert not broken_in(sound, only=wanted)
