"""What the server that workers are forked from has done before: imports, and a first case.

What is imported and prepared at its first use is then there in every worker.
"""

import sqlite3

from sqlalchemy import create_engine

from tests.chaos import awaiting, workers  # noqa: F401  # the first for who is awaited

workers.histories("warm")
for url in ("sqlite://", "postgresql+psycopg://nowhere/none"):
    create_engine(url).dispose()
sqlite3.connect(":memory:").close()
