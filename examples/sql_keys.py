"""A key store in a database of its own, for an agency whose programs run on several machines.

``SQLKeyStore(create_engine("postgresql+psycopg://keys@keyserver/keys"))``. It has to be another
database than that of the cases, and better another server, so that each has its own backups.

One row is a key or the tombstone in its place, so that it is never both, and never neither.
PostgreSQL keeps the old row until it is vacuumed, and in its log and replicas for as long as you
keep these: an erasure is complete once they are gone too.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from caseflow import KeysNotApart, StoreError
from caseflow.storage.keys import KEY_BYTES, Roots, SubjectKey, Tombstone, new_roots

_TABLES = MetaData()
Table(
    "keystore_keys",
    _TABLES,
    *(Column(name, Text, primary_key=True) for name in ("agency", "pseudonym")),
    Column("subject", Text),
    Column("key", LargeBinary),
    *(Column(name, Text) for name in ("erased_at", "by", "reason")),
    Column("number", Integer),
)
Table(
    "keystore_roots",
    _TABLES,
    Column("id", Integer, primary_key=True),
    *(Column(name, LargeBinary, nullable=False) for name in Roots._fields),
    Column("generation", Integer, nullable=False),
)
_ROOTS = "INSERT INTO keystore_roots VALUES (1, :pseudonyms, :blinds, :fingerprints, 0)"
_MAKE = (
    "INSERT INTO keystore_keys (agency, pseudonym, subject, key) "
    "VALUES (:agency, :whose, :subject, :key)"
)
_ONCE = " ON CONFLICT DO NOTHING"
_COUNT = "UPDATE keystore_roots SET generation = generation + 1 RETURNING generation"
_ERASE = (
    "INSERT INTO keystore_keys VALUES (:agency, :whose, NULL, NULL, :at, :by, :reason, :number) "
    "ON CONFLICT (agency, pseudonym) DO UPDATE SET subject = NULL, key = NULL, "
    "erased_at = :at, by = :by, reason = :reason, number = :number "
    "WHERE keystore_keys.key IS NOT NULL"
)
_FIND = "SELECT * FROM keystore_keys WHERE agency = :agency"


class SQLKeyStore:
    """Keeps keys in the database of an engine, whose tables are made where they are missing.

    Raises `KeysNotApart` where cases stand in it, and `StoreError` where it fails.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.database = engine.url.render_as_string(hide_password=True)
        with self._doing("open it") as connection:
            if any(name.startswith("caseflow_") for name in inspect(connection).get_table_names()):
                raise KeysNotApart(keys=repr(self), cases=self.database)
            _TABLES.create_all(connection)
            connection.execute(text(_ROOTS + _ONCE), new_roots()._asdict())

    def __repr__(self) -> str:
        return f"SQLKeyStore({self.database!r})"

    def roots(self) -> Roots:
        with self._doing("read a key") as connection:
            row = connection.execute(text("SELECT * FROM keystore_roots")).one()
        return Roots(row.pseudonyms, row.blinds, row.fingerprints)

    def generation(self) -> int:
        with self._doing("read a key") as connection:
            found = connection.execute(text("SELECT generation FROM keystore_roots"))
            return int(found.scalar_one())

    def find(self, agency: str, pseudonym: str, /) -> SubjectKey | Tombstone | None:
        with self._doing("read a key") as connection:
            return _found(connection, agency, pseudonym)

    def make(self, agency: str, pseudonym: str, subject: str, /) -> SubjectKey | Tombstone:
        made = {"subject": subject, "key": secrets.token_bytes(KEY_BYTES)}
        with self._doing("make a key") as connection:  # of several, one does: all find that
            given = {"agency": agency, "whose": pseudonym, **made}
            connection.execute(text(_MAKE + _ONCE), given)
            found = _found(connection, agency, pseudonym)
        assert found is not None
        return found

    def erase(self, agency: str, pseudonym: str, /, *, at: str, by: str, reason: str) -> Tombstone:
        left: dict[str, Any] = {"at": at, "by": by, "reason": reason}
        with self._doing("destroy a key") as connection:
            number = connection.execute(text(_COUNT)).scalar_one()  # one erasure at a time
            given = {"agency": agency, "whose": pseudonym, **left, "number": number}
            if not connection.execute(text(_ERASE), given).rowcount:
                connection.rollback()  # it was destroyed before
            found = _found(connection, agency, pseudonym)
        assert isinstance(found, Tombstone)
        return found

    def tombstones(self, agency: str, /) -> Sequence[Tombstone]:
        asked = text(_FIND + " AND key IS NULL ORDER BY number")
        with self._doing("read a key") as connection:
            rows = connection.execute(asked, {"agency": agency})
            return [Tombstone(row.pseudonym, row.erased_at, row.by, row.reason) for row in rows]

    @contextmanager
    def _doing(self, action: str) -> Iterator[Connection]:
        """A transaction, whose errors are those of a store."""
        try:
            with self._engine.connect() as connection:
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            repair = "Nothing was done. See that the database can be reached, and try again."
            cause = str(error).partition("\n")[0]
            raise StoreError(store=repr(self), action=action, cause=cause, repair=repair) from error


def _found(connection: Connection, agency: str, pseudonym: str) -> SubjectKey | Tombstone | None:
    asked = text(_FIND + " AND pseudonym = :whose")
    row = connection.execute(asked, {"agency": agency, "whose": pseudonym}).one_or_none()
    if row is None:
        return None
    if row.key is None:
        return Tombstone(row.pseudonym, row.erased_at, row.by, row.reason)
    return SubjectKey(row.pseudonym, row.subject, row.key)
