"""The ledger: how it stands, its entries, its proofs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import ledger as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.ledger import ConsistencyProof, Entry, EntryList, InclusionProof, LedgerState
from btcforecast.core import Origin

router = APIRouter(prefix="/v1/ledger/{ledger}", tags=["ledger"])

LedgerName = Annotated[Origin, Path(description="live or replayed.")]
Position = Annotated[int, Query(ge=0, lt=2**53)]
Size = Annotated[int, Query(ge=1, lt=2**53)]


class EntryOrder(StrEnum):
    """Which entries come first."""

    OLDEST = "oldest"
    NEWEST = "newest"


@router.get("/checkpoint", response_model=LedgerState)
async def checkpoint(request: Request, service: ServiceDep, ledger: LedgerName) -> Response:
    """Return the ledger's size, its newest signed checkpoint and the key to check it with."""
    return answer(request, await answers.state(service, ledger), max_age_s=5)


@router.get("/entries", response_model=EntryList, openapi_extra={"x-cost": 2})
async def entries(
    request: Request,
    service: ServiceDep,
    ledger: LedgerName,
    *,
    order: Annotated[EntryOrder, Query(description="oldest or newest first.")] = EntryOrder.OLDEST,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=20)] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=200)] = 50,
) -> Response:
    """Return entries."""
    found = await answers.page(service, ledger, newest_first=order is EntryOrder.NEWEST, cursor=cursor, limit=limit)
    return answer(request, found, max_age_s=5)


@router.get("/entries/{seq}", response_model=Entry)
async def one_entry(
    request: Request,
    service: ServiceDep,
    ledger: LedgerName,
    seq: Annotated[int, Path(description="Position from zero.", ge=0, lt=2**53)],
) -> Response:
    """Return one entry."""
    return answer(request, await answers.entry(service, ledger, seq), max_age_s=3600)


@router.get("/proofs/inclusion", response_model=InclusionProof)
async def inclusion_proof(
    request: Request,
    service: ServiceDep,
    ledger: LedgerName,
    seq: Annotated[Position, Query(description="The entry.")],
    tree_size: Annotated[Size | None, Query(description="The tree; that of the newest checkpoint by default.")] = None,
) -> Response:
    """Return the proof that an entry is in the tree."""
    return answer(request, await answers.inclusion(service, ledger, seq=seq, tree_size=tree_size), max_age_s=60)


@router.get("/proofs/consistency", response_model=ConsistencyProof)
async def consistency_proof(
    request: Request,
    service: ServiceDep,
    ledger: LedgerName,
    old: Annotated[Size, Query(description="Size of the smaller tree.")],
    new: Annotated[Size, Query(description="Size of the larger tree.")],
) -> Response:
    """Return the proof that the tree only grew between two sizes."""
    return answer(request, await answers.consistency(service, ledger, old_size=old, new_size=new), max_age_s=60)
