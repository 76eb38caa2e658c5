"""The forms that ask for address and credentials of a gateway, and the account from a filled form."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.access.address import parse_address
from custom_components.carlo_gavazzi_ems.api import Address

_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
_CREDENTIALS: Final = {
    vol.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
    vol.Required(CONF_PASSWORD): _PASSWORD,
}
_ADDRESS_AND_CREDENTIALS: Final = vol.Schema({vol.Required(CONF_HOST): TextSelector(), **_CREDENTIALS})
#: Step -> its form.
FORMS: Final = {
    "user": _ADDRESS_AND_CREDENTIALS,
    "reauth_confirm": vol.Schema(_CREDENTIALS),
    "reconfigure": _ADDRESS_AND_CREDENTIALS,
}


class MissingPasswordError(ValueError):
    """The password was left empty, and none is known for the user name."""


def connection_form(step: str, *, password_known: bool) -> vol.Schema:
    """Return the form of a step; the password may be left empty if it is known."""
    form = FORMS[step]
    return form.extend({vol.Optional(CONF_PASSWORD): _PASSWORD}) if password_known else form


def typed_account(user_input: Mapping[str, Any], entry: Account | None, passwords: Mapping[str, str]) -> Account:
    """Return the account of a filled form. Raises InvalidHostError, PathError, PlainHttpError or MissingPasswordError.

    `entry` is the account of the entry to change, None for a new one. Its pinned certificate is expected at a new
    address too. `passwords` are used if the form has none, by user name.
    """
    if entry is None or CONF_HOST in user_input:
        host, port = parse_address(user_input[CONF_HOST])
        address = Address(host=host, port=port) if entry is None else replace(entry.address, host=host, port=port)
    else:
        address = entry.address
    username = user_input[CONF_USERNAME]
    if not (password := user_input.get(CONF_PASSWORD) or passwords.get(username, "")):
        raise MissingPasswordError(username)
    public_key = None if entry is None else entry.public_key
    return Account(address=address, username=username, password=password, public_key=public_key)
