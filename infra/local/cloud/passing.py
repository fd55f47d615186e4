"""Pass one HTTP request on and its answer back, as it comes."""

from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

# Hop-by-hop headers, and what aiohttp sets itself.
_OWN = frozenset({"host", "connection", "transfer-encoding", "content-length"})


async def passed_on(
    session: aiohttp.ClientSession,
    url: str,
    request: web.BaseRequest,
    *,
    without: frozenset[str] = frozenset(),
    more: Mapping[str, str] | None = None,
    **how: Any,
) -> web.StreamResponse:
    """`url` takes the place of the request's own origin and path. `without` names headers that stop here.

    Raises aiohttp's `ClientConnectionError` as long as nothing was answered yet, and `ClientPayloadError` from then on.
    """
    headers = {name: text for name, text in request.headers.items() if name.lower() not in _OWN | without}
    body = request.content if request.can_read_body else None
    async with session.request(
        request.method, url, headers={**headers, **(more or {})}, data=body, allow_redirects=False, **how
    ) as answer:
        kept = {name: text for name, text in answer.headers.items() if name.lower() not in _OWN}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        except aiohttp.ClientConnectionError as error:
            raise aiohttp.ClientPayloadError("The answer broke off.") from error
        return response
