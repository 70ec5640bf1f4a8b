"""Tables of the log of looks and acts."""

import datetime
import uuid

from sqlmodel import SQLModel

from portal.db import column
from portal.processing import LOG, processed


@processed(LOG)
class ChainHead(SQLModel, table=True):
    """The last link of each chain; locked, in order of name, before a chain grows."""

    __tablename__ = "chain_head"

    chain: str = column(
        "name of the chain: a child's, an account's, or one of 16 for unknown visitors", primary_key=True
    )
    seq: int = column("number of the last row of the chain")
    hash: bytes = column("hash of the last row of the chain")


@processed(LOG)
class LogRow(SQLModel, table=True):
    """One look or act. Append only: triggers refuse a change; holds codes and ids, no value of any field."""

    __tablename__ = "log"

    chain: str = column("chain this row belongs to", primary_key=True)
    seq: int = column("number within the chain, without gaps", primary_key=True)
    at: datetime.datetime = column("when, UTC; kept 6 years (security.md section 4)")
    act: str = column("what was done: look, search, sign_in, download, ...")
    actor: str = column("who: kind and id of the account, or 'visitor'")
    child_id: uuid.UUID | None = column("the child whose data it concerns", default=None)
    case_id: uuid.UUID | None = column("the case that was the reason", default=None, index=True)
    outcome: str = column("allowed or denied")
    body: bytes = column("the exact bytes that were hashed: canonical JSON of the row")
    hash: bytes = column("SHA-256 over the domain, the previous hash and the body")
