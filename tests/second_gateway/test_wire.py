"""Framing, faults, certificates and odd content, with a simple client."""

import asyncio
from datetime import UTC, datetime
import ssl
import time
from typing import Literal

import aiohttp
import pytest

from . import Gateway
from .certificate import NO_END
from .conftest import START, Client, Clock
from .http import Response
from .printing import Raw


async def raw(gateway: Gateway, *requests: str) -> bytes:
    """Send requests over one connection; return all that comes until the gateway closes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(gateway.host, gateway.port, ssl=context)
    try:
        writer.write("".join(requests).encode())
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("body", ["length", "chunked", "close"])
@pytest.mark.parametrize("segment", [None, 97])
async def test_framings(
    gateway: Gateway,
    client: Client,
    version: Literal["1.0", "1.1"],
    body: Literal["length", "chunked", "close"],
    segment: int | None,
) -> None:
    """The body is the same in each of them."""
    plain = await client.text("/v1/signals/realtime")
    gateway.framing.version, gateway.framing.body, gateway.framing.segment = version, body, segment
    gateway.framing.header_case = "upper"
    assert await client.text("/v1/signals/realtime") == plain
    assert await client.get("/ver") == {"api_ver": 1}


async def test_what_goes_over_the_line(gateway: Gateway) -> None:
    """Keep-alive serves two requests, the second asks for the close."""
    ask = "GET /ver HTTP/1.1\r\nHost: x\r\n\r\n"
    last = "GET /ver HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n"
    body = b'\r\n{"api_ver":1}'
    assert await raw(gateway, ask, last) == answer + body + answer + b"Connection: close\r\n" + body
    gateway.framing.keep_alive = gateway.framing.announces_close = False
    gateway.framing.close_delay = 0.02
    assert await raw(gateway, ask, ask) == answer + body
    gateway.framing.header_case, gateway.framing.body = "lower", "chunked"
    assert await raw(gateway, ask) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        b'd\r\n{"api_ver":1}\r\n0\r\n\r\n'
    )
    assert (await raw(gateway, "nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_one_connection_at_a_time(gateway: Gateway) -> None:
    """A second connection waits until the first is closed, or is reset."""
    ask = "GET /ver HTTP/1.0\r\n\r\n"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    gateway.bear(1)
    async with asyncio.timeout(20):
        _, first = await asyncio.open_connection(gateway.host, gateway.port, ssl=context)
        other = asyncio.create_task(raw(gateway, ask))
        await asyncio.sleep(0.2)
        assert not other.done()
        gateway.bear(1, reset=True)
        with pytest.raises(OSError, match=r".*"):
            await raw(gateway, ask)
        first.close()
        assert (await other).endswith(b'{"api_ver":1}')


async def test_faults(gateway: Gateway, client: Client) -> None:
    """Refusals have their status and headers; a fault with a count ends; a drop closes the connection."""
    gateway.refuse(429, "Wed, 21 Oct 2099 07:28:00 GMT", path="/v1/mac", times=1)
    answer = await raw(gateway, "GET /v1/mac HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\n" in answer
    assert await client.status("/v1/mac") == 200
    gateway.refuse(0, times=5)
    with pytest.raises(aiohttp.ClientError):
        await client.status("/v1/mac")
    gateway.recover()
    gateway.answer_with(Response(body=b'{"realtime":{}}', broken_after=4), times=1)
    assert (await raw(gateway, "GET /v1/mac HTTP/1.1\r\n\r\n")).endswith(b'\r\n\r\n{"re')
    gateway.slow_down(0.3, path="/ver")
    began = time.monotonic()
    assert await client.get("/ver") == {"api_ver": 1}
    assert time.monotonic() - began >= 0.3
    assert gateway.most_in_flight == 1


async def test_certificates(gateway: Gateway, client: Client) -> None:
    """Renewed with the same key or another, without an end; the fingerprint is the new one's."""

    async def shown() -> tuple[str, str]:
        text = await asyncio.to_thread(ssl.get_server_certificate, (gateway.host, gateway.port))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(cadata=text)
        _, writer = await asyncio.open_connection(gateway.host, gateway.port, ssl=context)
        writer.close()
        return text, writer.get_extra_info("peercert")["notAfter"]

    seen = [await shown()]
    key = gateway.certificate.key
    gateway.renew_certificate(same_key=True, ends=NO_END)
    seen.append(await shown())
    assert gateway.certificate.key is key
    assert seen[-1][1] == "Dec 31 23:59:59 9999 GMT"
    gateway.renew_certificate(same_key=False, ends=datetime(2050, 1, 1, tzinfo=UTC))
    seen.append(await shown())
    assert gateway.certificate.key is not key
    assert len(set(seen)) == 3
    assert await client.status("/v1/mac") == 200


async def test_odd_content(gateway: Gateway, client: Client) -> None:
    """Labels in other encodings, raw tabs, lone surrogates, strings for numbers, missing fields, whole records."""
    one, two, three = gateway.site.loads
    gateway.change("loads", one, label="Küche".encode("latin-1"), enable="true", index=Raw("1e400"))
    gateway.change("loads", two, label="half \ud83d")
    gateway.replace("loads", three, Raw("[1,2"))
    gateway.leave_out("devices", 1, "system", "label")
    body = await client.text("/v1/loads")
    assert b'"label":"K\xfcche","enable":"true","index":1e400,' in body
    assert rb'"label":"half \ud83d",' in body
    assert f'"{three}":[1,2'.encode() in body
    assert (await client.get("/v1/devices/1")).keys() == {"uid", "partNumber"}
    gateway.notation.escape_controls = False
    gateway.change("loads", two, label="raw\ttab")
    assert b'"label":"raw\ttab"' in await client.text("/v1/loads")


async def test_notations(gateway: Gateway, client: Client) -> None:
    """Spaces, order of keys, quotes and decimals are the gateway's own."""
    uid = gateway.site.signal("PV", "voltage_l1").uid
    gateway.misread(gateway.site.signals[uid], 0, START + 1, 230.0)
    stamp = int(START // 5 * 5) * 1000
    path = f"/v1/signals/{uid}/realtime"
    assert await client.text(path) == f'{{"uid":{uid},"si":29,"v":230,"t":{stamp},"s":1,"r":0}}'.encode()
    gateway.notation.whole_as_integer, gateway.notation.space = False, " "
    assert b'"si": 29, "v": 230.0, "t"' in await client.text(path)
    gateway.notation.quoted_numbers = gateway.notation.quoted_booleans = True
    assert b'"v": "230.0"' in await client.text(path)
    assert b'"enable": "true"' in await client.text(f"/v1/signals/{uid}")
    gateway.notation.shuffle_keys = True
    keys = list(await client.get(path))
    assert sorted(keys) == sorted(["uid", "si", "v", "t", "s", "r"])
    assert keys != ["uid", "si", "v", "t", "s", "r"]


async def test_nothing_is_answered_from_before(gateway: Gateway, client: Client, clock: Clock) -> None:
    """A delayed answer has the values of the time at which it is sent."""
    gateway.slow_down(0.1)
    asked = asyncio.create_task(client.get("/v1/signals/realtime"))
    await asyncio.sleep(0.02)
    clock.now += 10
    stamps = {record["t"] for record in (await asked)["realtime"].values()}
    assert max(stamps) == (START + 10) // 1 * 1000
