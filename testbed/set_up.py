"""Sets up the integration as a person would who accepts what is certain: the gateway, the Energy dashboard, the demand."""

from collections.abc import Callable
from dataclasses import replace

from .credentials import confirm
from .enabling import loaded
from .flow import Answer, ConfigFlow, FlowAbortedError, FlowError, Form, FormData, OptionsFlow, Texts
from .gateway import GatewayAccess
from .inventory import parse_fingerprint
from .rest import RestClient


async def set_up(client: RestClient, gateway: GatewayAccess, write: Callable[[str], None]) -> tuple[str, GatewayAccess]:
    """Go through the config flow; return the entry's id and the gateway with the fingerprint that was trusted.

    A certificate whose fingerprint is not known is shown with `write`, and is to be confirmed. Raises FlowError.
    """
    trusted = gateway

    async def user(_form: Form) -> FormData:
        return {"host": gateway.host, "username": gateway.username, "password": gateway.password}

    async def certificate(form: Form) -> FormData:
        nonlocal trusted
        trusted = await _trust(gateway, form, texts, write)
        return form.as_shown()

    # Closed at once: Home Assistant closes a WebSocket that is idle for a minute.
    async with await client.websocket() as websocket:
        texts = await Texts.load(websocket)
        options = OptionsFlow(client, await Texts.load(websocket, "options"), write)
    flow = ConfigFlow(client, texts, write)
    entry_id = await flow.run({"user": user, "certificate": certificate})
    if flow.next_flow is not None:
        await _follow(options, flow.next_flow, write)
        # The choices may have reloaded the integration.
        async with await client.websocket() as websocket:
            await loaded(websocket, entry_id)
    # The load that is proposed: that of the grid.
    if await options.run(entry_id, "demand"):
        write("the quarter-hour demand of the grid is followed")
    return entry_id, trusted


async def _trust(gateway: GatewayAccess, form: Form, texts: Texts, write: Callable[[str], None]) -> GatewayAccess:
    """Compare a certificate, or have it confirmed; return the gateway with its fingerprint."""
    shown = form.placeholders["fingerprint"]
    if gateway.fingerprint is not None:
        if parse_fingerprint(shown) != parse_fingerprint(gateway.fingerprint):
            raise FlowError(f"The set-up shows the fingerprint {shown}, the simulator has {gateway.fingerprint}.")
        return gateway
    # The dialog renders Markdown, a terminal does not.
    write(texts.text("step", "certificate.description", form.placeholders).replace("`", ""))
    if not await confirm(texts.text("step", "certificate.title")):
        raise FlowError("The certificate was not trusted; the password has not been sent.")
    return replace(gateway, fingerprint=shown)


async def _follow(options: OptionsFlow, flow_id: str, write: Callable[[str], None]) -> None:
    """Go through the pages behind the set-up, and take what is proposed for the Energy dashboard.

    Older history is not filled in: that would wait for the first full hour.
    """

    async def without_history(form: Form) -> FormData:
        return {**form.as_shown(), "fill_in": False}

    answers: dict[str, Answer] = {"energy_review": without_history, "older_history": without_history}
    try:
        await options.follow(flow_id, answers)
    except FlowAbortedError as end:
        write(str(end))
