"""The forms that ask for address and credentials of a gateway, and the account that a filled form stands for."""

from collections.abc import Mapping
from typing import Any, Final, cast

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.access.address import parse_address
from custom_components.carlo_gavazzi_ems.api import Address

_CREDENTIALS: Final = {
    vol.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
    vol.Required(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
    ),
}
_ADDRESS_AND_CREDENTIALS: Final = vol.Schema({vol.Required(CONF_HOST): TextSelector(), **_CREDENTIALS})
#: Step -> its form.
FORMS: Final = {
    "user": _ADDRESS_AND_CREDENTIALS,
    "reauth_confirm": vol.Schema(_CREDENTIALS),
    "reconfigure": _ADDRESS_AND_CREDENTIALS,
}


def typed_account(user_input: Mapping[str, Any], known: Address | None) -> Account:
    """Return the account of a filled form. Raises InvalidHostError or PlainHttpError.

    `known` is the address of the entry to change, None for a new one. It is used if the form has no address or the
    same one, so its pinned certificate stays.
    """
    address = known
    if known is None or CONF_HOST in user_input:
        host, port = parse_address(user_input[CONF_HOST])
        if known is None or (host, port) != (known.host, known.port):
            address = Address(host=host, port=port)
    return Account(
        address=cast("Address", address), username=user_input[CONF_USERNAME], password=user_input[CONF_PASSWORD]
    )
