"""Home Assistant's REST API, with a login through `trusted_networks`."""

from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from .errors import HarnessError
from .websocket import WebSocket

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)


class RestClient:
    """A session with one Home Assistant; use it as an async context manager."""

    def __init__(self, url: str) -> None:
        """Take the URL of Home Assistant, without a slash at the end."""
        self.url = url
        self._session = aiohttp.ClientSession(timeout=REQUEST_TIMEOUT)
        self._token: str | None = None

    async def __aenter__(self) -> Self:
        """Open the session; the login happens at the first request."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        await self._session.close()

    async def get(self, path: str) -> Any:
        """Return the JSON that GET answers with; raises HarnessError for any status but 200."""
        return await self._request("GET", path)

    async def post(self, path: str, data: object) -> Any:
        """Return the JSON that POST answers with; raises HarnessError for any status but 200."""
        return await self._request("POST", path, data)

    async def delete(self, path: str) -> Any:
        """Return the JSON that DELETE answers with; raises HarnessError for any status but 200."""
        return await self._request("DELETE", path)

    def forget_token(self) -> None:
        """Log in with the next request: the clock of Home Assistant was moved."""
        self._token = None

    async def websocket(self) -> WebSocket:
        """Open a WebSocket; the caller closes it."""
        address = f"{self.url}/api/websocket"
        if self._token is not None:
            # It may have expired.
            with suppress(HarnessError):
                return await WebSocket.connect(self._session, address, self._token)
        return await WebSocket.connect(self._session, address, await self._login())

    async def _request(self, method: str, path: str, data: object = None) -> Any:
        token = self._token or await self._login()
        status, answer = await self._send(method, path, data, token)
        if status == 401:
            # A token is valid for 30 minutes of Home Assistant's clock, which may run fast.
            status, answer = await self._send(method, path, data, await self._login())
        if status != 200:
            raise HarnessError(f"Home Assistant answered {method} {path} with status {status}: {answer}")
        return answer

    async def _send(self, method: str, path: str, data: object, token: str | None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body: Any = {"data": data} if isinstance(data, aiohttp.FormData) else {"json": data}
        try:
            async with self._session.request(method, f"{self.url}{path}", **body, headers=headers) as response:
                if response.content_type == "application/json":
                    return response.status, await response.json()
                return response.status, (await response.text())[:500]
        except (aiohttp.ClientError, TimeoutError) as err:
            raise HarnessError(f"Home Assistant does not answer {method} {path}: {err!r}") from err

    async def _login(self) -> str:
        """Get a token as the frontend does; `trusted_networks` needs no password."""
        client_id = f"{self.url}/"
        flow = {"client_id": client_id, "handler": ["trusted_networks", None], "redirect_uri": client_id}
        status, answer = await self._send("POST", "/auth/login_flow", flow, None)
        if status != 200 or answer.get("type") != "create_entry":
            raise HarnessError(f"Home Assistant did not let us in without a password: status {status}, {answer}")
        code = {"client_id": client_id, "grant_type": "authorization_code", "code": answer["result"]}
        status, answer = await self._send("POST", "/auth/token", aiohttp.FormData(code), None)
        if status != 200:
            raise HarnessError(f"Home Assistant gave no token: status {status}, {answer}")
        self._token = token = str(answer["access_token"])
        return token
