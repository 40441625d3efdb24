"""Errors: every class has a stable code, its fields, and one sentence that says how to repair.

A new error without a pin fails here: give it one. Codes and field names never change; the
default wording may be improved, and this page with it.
"""

import pickle

import pytest

import caseflow
from caseflow import CaseflowError, Refused
from caseflow.storage import MemoryStorage
from tests.support.trades import ANA, BOSS, Paid, QuoteSent, bring, shop_book

PINS = {
    "CaseflowError": ("caseflow", {}, "Something went wrong in caseflow."),
    "DefinitionError": (
        "definition",
        {"what": "Rule 'x'", "problem": "does not say what it wants", "repair": "Say it."},
        "Rule 'x' does not say what it wants. Say it.",
    ),
    "WorkflowInvalid": (
        "workflow-invalid",
        {"workflow": "loan", "faults": ("No start. Give one.", "No end. Give one.")},
        "Workflow 'loan' has 2 faults:\n- No start. Give one.\n- No end. Give one.",
    ),
    "InvalidCall": (
        "invalid-call",
        {"what": "do()", "problem": "was given no step", "repair": "Give an event."},
        "do() was given no step. Give an event.",
    ),
    "UnknownStep": (
        "unknown-step",
        {"workflow": "loan", "step": "agre", "nearest": "Did you mean 'agree'?"},
        "Workflow 'loan' has no transition 'agre'. Did you mean 'agree'?",
    ),
    "UnknownEvent": (
        "unknown-event",
        {
            "workflow": "loan",
            "kind": "fact",
            "event": "paid",
            "cls": "Paid",
            "repair": "events=[...] of the workflow",
            "nearest": "There is none.",
        },
        "Workflow 'loan' does not declare the fact 'paid' (Paid). "
        "Declare it: events=[...] of the workflow. There is none.",
    ),
    "PayloadNeeded": (
        "payload-needed",
        {"step": "agree", "event": "Agreed", "needed": "amount", "arguments": "amount=..."},
        "Transition 'agree' records Agreed, which needs amount. "
        "Submit Agreed(amount=...) in place of the name.",
    ),
    "PayloadInvalid": (
        "payload-invalid",
        {
            "event": "Paid",
            "field": "amount",
            "value": "'ten'",
            "allowed": "a whole number (int)",
            "repair": "Give one.",
        },
        "Paid.amount cannot be recorded as 'ten'. It takes a whole number (int). Give one.",
    ),
    "MomentInvalid": (
        "moment-invalid",
        {"name": "at", "value": "'today'"},
        "at is 'today', which is not a moment with a time zone. "
        "Give a datetime with tzinfo, for example datetime(2026, 3, 1, 9, 30, tzinfo=UTC).",
    ),
    "NotAFact": (
        "not-a-fact",
        {"event": "Agreed"},
        "Agreed is a decision, and decisions are judged. "
        "Submit it with do(case_id, Agreed(...)); record() takes facts only.",
    ),
    "CommandReused": (
        "command-reused",
        {"command_id": "c1", "case_id": "R-1"},
        "Command id 'c1' was already used on case 'R-1' for another command. "
        "Send the same steps, actor, moment and reason again, or choose a new command id.",
    ),
    "CommandHeld": (
        "command-held",
        {"command_id": "c1", "case_id": "R-1"},
        "Case 'R-1' bears command id 'c1' in the file, and the store says that another case used "
        "it. Nothing was changed. If verify finds that no other did (command-differs), delete the "
        "row of that command from caseflow_commands, and do it again; else the file and the store "
        "are of two histories: compare both with a backup.",
    ),
    "HistoricalCase": (
        "historical-case",
        {"case_id": "R-1"},
        "Case 'R-1' is seen as it was, not as it is, and cannot be decided upon. "
        "Decide on the present case: casebook.case(case_id) without as_of and known.",
    ),
    "UndeclaredRead": (
        "undeclared-read",
        {"rule": "x", "event": "Paid"},
        "Rule 'x' reads the history of Paid, which it does not declare. "
        "Add history=Paid to the rule.",
    ),
    "UndeclaredCount": (
        "undeclared-count",
        {"rule": "x", "index": "lead"},
        "Rule 'x' counts other cases by 'lead', which it does not declare. "
        "Add counts='lead' to the rule.",
    ),
    "Refused": ("refused", {"explanation": "No.", "verdict": None, "unrecorded": ()}, "No."),
    "Conflict": (
        "conflict",
        {"case_id": "R-1", "attempts": 8},
        "Case 'R-1' was changed by somebody else 8 times while this was decided. "
        "Look at the case again and repeat the command.",
    ),
    "VersionMoved": (
        "version-moved",
        {"case_id": "R-1", "wanted": 2, "found": 3, "attempts": 1},
        "Case 'R-1' is at version 3, not at 2. Look at what was recorded since (history), "
        "then repeat the command with version=3.",
    ),
    "CaseExists": (
        "case-exists",
        {"case_id": "R-1"},
        "There is already a case 'R-1'. Open it under another id, or leave the id out.",
    ),
    "CaseHeld": (
        "case-held",
        {"case_id": "R-1"},
        "There is already a case 'R-1' here, and an import adds whole cases only. "
        "Nothing was imported: import into a store that has none of them, or put one damaged "
        "case right with mend().",
    ),
    "NoSuchCase": (
        "no-such-case",
        {"case_id": "R-1", "agency": "north", "when": "", "repair": "Open it."},
        "There is no case 'R-1' in agency 'north'. Open it.",
    ),
    "OtherWorkflow": (
        "other-workflow",
        {"case_id": "R-1", "found": "loan", "wanted": "repair-shop"},
        "Case 'R-1' runs under workflow 'loan', not 'repair-shop'. "
        "Open a casebook for workflow 'loan' on the same store.",
    ),
    "OtherVersion": (
        "other-version",
        {"case_id": "R-1", "workflow": "loan", "found": "1", "known": "2, 3"},
        "Case 'R-1' is pinned to version '1' of workflow 'loan', and this book holds 2, 3. "
        "Give the book that version: Casebook(..., earlier=[...]).",
    ),
    "StoreError": (
        "store",
        {"store": "S", "action": "read a case", "cause": "locked", "repair": "Try again."},
        "The store S failed to read a case: locked. Try again.",
    ),
    "OtherDatabase": (
        "other-database",
        {"store": "S", "given": "sqlite:///other.db"},
        "S cannot join a transaction on 'sqlite:///other.db', which is another database. Give a "
        "Session or Connection to the database of the store, or make the book with a store on the "
        "other.",
    ),
    "TransactionNotImmediate": (
        "transaction-not-immediate",
        {"store": "S"},
        "S cannot join this SQLite transaction: it was begun without the write lock, and may find "
        "later that it cannot write any more. Prepare the engine with "
        "caseflow.storage.begin_immediate(engine), or call the casebook before anything else in "
        "the transaction.",
    ),
    "ConsumerMoved": (
        "consumer-moved",
        {"consumer": "mail", "agency": "north", "position": 7},
        "Consumer 'mail' of agency 'north' no longer stands at position 7: another one of that "
        "name is at work, or it was moved. What was done from there on may be done twice; run one "
        "consumer of a name at a time, or do its work in one transaction with its checkpoint: "
        "casebook.within(session).consume(...).",
    ),
    "ConnectionLost": (
        "connection-lost",
        {"store": "S", "action": "read a case", "cause": "server closed", "repair": "Try again."},
        "The store S failed to read a case: server closed. Try again.",
    ),
    "GaveWay": (
        "gave-way",
        {"store": "S", "action": "read a case", "cause": "deadlock", "repair": "Do it again."},
        "The store S failed to read a case: deadlock. Do it again.",
    ),
    "Unsupported": (
        "unsupported",
        {"store": "S", "action": "read the feed", "lacks": "feed"},
        "The store S cannot read the feed: it lacks 'feed'. "
        "Do without it, or use a store that has it.",
    ),
    "FileFailed": (
        "file-failed",
        {
            "file": "north.jsonl",
            "action": "written",
            "cause": "No space left on device",
            "repair": "Make room.",
        },
        "north.jsonl could not be written: No space left on device. Make room.",
    ),
    "DamagedFile": (
        "damaged-file",
        {
            "file": "north.jsonl",
            "line": 7,
            "case_id": "R-1",
            "problem": "breaks off",
            "repair": "Fetch another copy.",
        },
        "Line 7 of north.jsonl (case 'R-1') breaks off. Fetch another copy.",
    ),
    "SchemaMissing": (
        "schema-missing",
        {"store": "sqlite:///c.db"},
        "sqlite:///c.db holds no tables of caseflow. Let them be made with SQLStorage(...) or "
        "caseflow.storage.migrate(...), or see that the URL names the right database.",
    ),
    "SchemaOutdated": (
        "schema-outdated",
        {"store": "sqlite:///c.db", "found": "0001", "wanted": "0002"},
        "The tables in sqlite:///c.db are of schema 0001, and this version of caseflow works "
        "with 0002. Make a backup, then bring them up to date with "
        "caseflow.storage.migrate(...).",
    ),
    "SchemaNewer": (
        "schema-newer",
        {"store": "sqlite:///c.db", "found": "0009", "wanted": "0002"},
        "The tables in sqlite:///c.db are of schema 0009, and this version of caseflow knows "
        "none newer than 0002. Install the version of caseflow that made them.",
    ),
    "SchemaIncomplete": (
        "schema-incomplete",
        {"store": "sqlite:///c.db", "missing": "'caseflow_feed'"},
        "The tables of caseflow in sqlite:///c.db are not complete: they lack 'caseflow_feed'. "
        "If your application's own migrations keep them, make the next one and run it; "
        "otherwise restore them from a backup.",
    ),
    "UnreadableRecord": (
        "unreadable-record",
        {"number": 3, "case_id": "R-1", "problem": "it is torn", "repair": "Restore it."},
        "Event 3 of case 'R-1' cannot be read: it is torn. Restore it.",
    ),
    "UnknownEventName": (
        "unknown-event-name",
        {"number": 3, "case_id": "R-1", "name": "payd", "nearest": "Did you mean 'paid'?"},
        "Event 3 of case 'R-1' is a 'payd', which no declared event is called. "
        "Add its class to the workflow (events=[...]). Did you mean 'paid'?",
    ),
    "NoUpcaster": (
        "no-upcaster",
        {
            "number": 3,
            "case_id": "R-1",
            "name": "paid",
            "version": 1,
            "wanted": 3,
            "repair": "Give Paid an upcaster from version 2.",
        },
        "Event 3 of case 'R-1' is 'paid' in version 1, and the class is in version 3. "
        "Give Paid an upcaster from version 2.",
    ),
    "DamagedPayload": (
        "damaged-payload",
        {"number": 3, "case_id": "R-1", "name": "paid", "problem": "'x' is no int"},
        "Event 3 of case 'R-1' ('paid') has a damaged payload: 'x' is no int.",
    ),
    "ChainBroken": (
        "chain-broken",
        {"number": 3, "case_id": "R-1", "problem": "is missing"},
        "The history of case 'R-1' was altered: event 3 is missing. Compare it with a backup or "
        "with an attestation, and put it right with mend(), see docs/howto-verify.md.",
    ),
    "KeyMissing": (
        "key-missing",
        {"pseudonym": "~12", "keys": "K", "case_id": "R-1", "number": 3},
        "Event 3 of case 'R-1' cannot be read. The key store K holds no key for '~12', and does "
        "not say that it was erased. Give the cipher the key store that the data was sealed with, "
        "or restore it.",
    ),
    "ErasedInFold": (
        "erased-in-fold",
        {"case_id": "R-1", "number": 3, "name": "paid", "state": "Shop", "doing": "ordering it"},
        "Case 'R-1' cannot be folded: Shop.fold reads what was erased, in event 3 ('paid') or "
        "before it, by ordering it. Let fold ask isinstance(value, Erased) first, and give the "
        "class another fold_version.",
    ),
    "ErasedRead": (
        "erased-read",
        {"doing": "taking its length"},
        "This value was erased, and nobody can read it any more: taking its length has no "
        "answer. Ask isinstance(value, Erased) first.",
    ),
    "SubjectErased": (
        "subject-erased",
        {"pseudonym": "~12", "erased_at": "2026-03-02"},
        "The data of '~12' was erased on 2026-03-02, and nothing personal can be written of "
        "them. Leave free text empty; name whose words they are, where they are not theirs or a "
        "reason is required (Entry(..., subject='the-agency')); or, if they came "
        "back, book.begin_again(subject).",
    ),
    "ErasureRefused": (
        "erasure-refused",
        {"pseudonym": "~12", "grounds": ("Case 'R-1' is held.", "Case 'R-2' is kept.")},
        "The data of '~12' is not erased:\n- Case 'R-1' is held.\n- Case 'R-2' is kept.",
    ),
    "KeysNotApart": (
        "keys-not-apart",
        {"keys": "K", "cases": "S"},
        "The keys of K would stand in the database of the cases, S, with whose backups they "
        "would live on. Give the key store a file of its own.",
    ),
}


def every_error(cls=CaseflowError):
    found = [cls]
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("caseflow"):
            found += every_error(sub)
    return found


ERRORS = sorted(set(every_error()), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_code_fields_and_sentence_are_pinned(cls):
    assert cls.__name__ in PINS, "give the new error a pin: code, fields, sentence"
    code, fields, sentence = PINS[cls.__name__]
    error = cls(**fields)
    assert error.code == code
    assert str(error) == sentence
    assert {name: error.fields[name] for name in fields} == fields
    missing = [name for name in fields if name not in ("verdict", "unrecorded")]
    for name in missing:
        if cls.__name__ not in ("WorkflowInvalid", "Refused") and f"{{{name}" in cls.wording:
            with pytest.raises(KeyError):
                cls(**{other: value for other, value in fields.items() if other != name})


def test_every_pin_is_of_an_error_that_there_is():
    assert {cls.__name__ for cls in ERRORS} == set(PINS)


def test_codes_are_apart():
    codes = [cls.code for cls in ERRORS]
    assert len(codes) == len(set(codes))


def test_every_error_is_public_and_says_what_it_is():
    for cls in ERRORS:
        assert cls.__name__ in caseflow.__all__
        assert cls.__doc__


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_errors_travel_between_processes(cls):
    error = cls(**PINS[cls.__name__][1])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert (str(again), again.fields) == (str(error), error.fields)


def test_a_refusal_travels_with_its_verdict():
    book = shop_book(MemoryStorage())
    case_id = bring(book, "looked-at")
    with pytest.raises(Refused) as refused:
        book.do(case_id, Paid(amount=1), QuoteSent(amount=60_000), by=BOSS)
    again = pickle.loads(pickle.dumps(refused.value))
    assert again.verdict.to_data() == refused.value.verdict.to_data()
    assert again.unrecorded == (Paid(amount=1),)
    assert str(again) == str(refused.value)


def test_a_sentence_can_be_said_in_other_words():
    error = caseflow.NotAFact(event="Agreed")
    german = {"not-a-fact": "{event} ist eine Entscheidung."}
    assert error.say(german) == "Agreed ist eine Entscheidung."
    assert error.say({"other": "x"}) == str(error)
    assert error.say() == str(error)


def test_the_families_are_told_apart_by_their_class():
    assert issubclass(caseflow.WorkflowInvalid, caseflow.DefinitionError)
    assert issubclass(caseflow.VersionMoved, caseflow.Conflict)
    assert issubclass(caseflow.CaseExists, caseflow.Conflict)
    for cls in (caseflow.UnknownStep, caseflow.PayloadInvalid, caseflow.MomentInvalid):
        assert issubclass(cls, caseflow.InvalidCall)
    for cls in (caseflow.NoUpcaster, caseflow.DamagedPayload, caseflow.ChainBroken):
        assert issubclass(cls, caseflow.UnreadableRecord)


def test_one_except_clause_catches_them_all():
    book = shop_book(MemoryStorage())
    with pytest.raises(CaseflowError):
        book.do("R-9", "collect", by=ANA)
