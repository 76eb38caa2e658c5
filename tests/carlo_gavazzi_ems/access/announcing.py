"""Helpers for the tests of discovery: announce a device, and fill in the dialogs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import contextlib
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import (
    SOURCE_DHCP,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

#: The gateway's former address. Nothing listens there.
ELSEWHERE = "127.0.0.9"


async def announce(hass: HomeAssistant, mac: str, host: str = "127.0.0.1") -> ConfigFlowResult:
    """Announce a device on the network, as Home Assistant's DHCP discovery does."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(ip=host, hostname="ems", macaddress=mac.replace(":", "").lower()),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, data: Mapping[str, Any]) -> ConfigFlowResult:
    """Fill in a form, take what was recognised, and leave the doubts open."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], dict(data))
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    if result["type"] is FlowResultType.FORM and result["step_id"] in {"findings", "doubts"}:
        return await submit(hass, result, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def outcome(result: ConfigFlowResult) -> str | None:
    """Return why a dialog ended, None where it did not."""
    return result["reason"] if result["type"] is FlowResultType.ABORT else None


def typed(gateway: Gateway) -> dict[str, str]:
    """Return what a person types."""
    return {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    }


def move(hass: HomeAssistant, entry: ConfigEntry, host: str = ELSEWHERE) -> None:
    """Give the entry an address at which the gateway is not any more."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: host})


@asynccontextmanager
async def relay(gateway: Gateway, host: str) -> AsyncIterator[None]:
    """Forward all bytes to the gateway from another address, which so has the trusted certificate."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, on = await asyncio.open_connection(gateway.host, gateway.port)
        await asyncio.gather(copy(reader, on), copy(back, writer))

    server = await asyncio.start_server(serve, host, gateway.port)
    try:
        yield
    finally:
        server.close()
        server.close_clients()
