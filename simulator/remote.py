"""Commands to a running simulator, over its control endpoint."""

from collections.abc import Sequence
import http.client
import json
import sys

from .arguments import pairs, remote_parser
from .control import ACTIONS


def remote(command: str, given: Sequence[str]) -> int:
    """Send a command to a running simulator and print its answer."""
    parser = remote_parser(command, "\n".join(f"  {name:<20} {words}" for name, words in ACTIONS.items()))
    arguments = parser.parse_args(given)
    method, path, body = "POST", f"/actions/{arguments.what}", {}
    try:
        if command == "do":
            body = pairs(arguments.settings)
        elif arguments.what == "list":
            method, path = "GET", "/faults"
        elif arguments.what == "clear":
            method, path = "DELETE", "/".join(["/faults", *arguments.settings])
        else:
            path, body = "/faults", {"kind": arguments.what} | pairs(arguments.settings)
    except ValueError as error:
        parser.error(str(error))
    try:
        status, answer = _ask(arguments.control_port, method, path, body)
    except OSError:
        sentence = f"no simulator answers on control port {arguments.control_port}; start one with --control-port"
        print(sentence, file=sys.stderr)
        return 1
    if status >= 400:
        parser.error(str(answer.get("error", f"refused with status {status}")))
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return 0


def _ask(port: int, method: str, path: str, body: dict[str, str]) -> tuple[int, dict[str, object]]:
    """Return status and JSON of the control endpoint's answer; OSError if there is no such endpoint."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, json.dumps(body) if body else None)
        response = connection.getresponse()
        text = response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"error": text.decode(errors="replace")}
    return response.status, answer
