"""The aiohttp application around the handlers: tokens, faults, the log of requests, errors as JSON."""

from aiohttp import web

from simulator.faults.base import LOGIN, RequestFault, ResponseFault

from .handlers import PUBLIC, Handler, Handlers, json_response
from .requests import RecordedRequest
from .served import ServedGateway

_BODY = 16_384
"""The largest request body in bytes."""


class Server:
    """Serves a gateway's requests, with the faults in force."""

    def __init__(self, gateway: ServedGateway) -> None:
        """Serve a gateway."""
        self._gateway = gateway

    def application(self) -> web.Application:
        """Return a new application; aiohttp starts an application only once."""
        handlers = Handlers(self._gateway)
        app = web.Application(client_max_size=_BODY, middlewares=[self._serve])
        app.router.add_post(LOGIN, handlers.login)
        for path, handler in handlers.routes().items():
            app.router.add_get(path, handler, allow_head=False)
        return app

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request and log it."""
        gateway = self._gateway
        record = RecordedRequest(
            request.method,
            request.path,
            dict(request.query),
            "Authorization" in request.headers,
            gateway.clock.now(),
            headers=dict(request.headers),
        )
        with gateway.serving(record):
            response = await self._answer(request, handler)
            if request.transport is not None and not request.transport.is_closing():
                record.status = response.status
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the gateway's answer, replaced or changed by the faults in force."""
        gateway = self._gateway
        for fault in gateway.faults.striking(RequestFault, request.path):
            if (instead := await fault.before(request, gateway)) is not None:
                return instead
        response = await self._own_answer(request, handler)
        if response.status == 200 and isinstance(response, web.Response):
            for spoiler in gateway.faults.striking(ResponseFault, request.path):
                return await spoiler.after(request, response)
        return response

    async def _own_answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the gateway's own answer; errors are JSON."""
        try:
            if request.match_info.http_exception is not None:
                raise request.match_info.http_exception
            if request.path not in PUBLIC and not self._gateway.tokens.valid(request.headers.get("Authorization")):
                return json_response({"error": "missing or invalid token"}, 401)
            return await handler(request)
        except web.HTTPException as error:
            answer = json_response({"error": error.text or error.reason}, error.status)
            if "Allow" in error.headers:
                answer.headers["Allow"] = error.headers["Allow"]
            return answer
