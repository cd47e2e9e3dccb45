"""What requests to ``/v1/insights/settings`` ask for, checked field by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from trailkeep.errors import InvalidBody, InvalidParameter
from trailkeep.events.addresses import parse_network
from trailkeep.insights.settings.account_settings import AllowedNetwork, Settings, TypeSetting
from trailkeep.insights.settings.change import Change
from trailkeep.insights.types import INSIGHT_TYPES, SENSITIVITIES
from trailkeep.named import refuse_unknown

MAX_NETWORKS, MAX_NOTE, MAX_ACCOUNT = 500, 200, 256
WIDEST = {4: 8, 6: 16}
"""The shortest prefix that a network may have: whoever allows more has left nothing to look at."""

_KNOWN = ("accountId", "version", "types", "allowedNetworks")
_TYPE = ("enabled", "sensitivity")
_NETWORK = ("network", "note")


def parse_change(fields: Mapping[str, Any]) -> Change:
    """The change that a request's body asks for. Raises :class:`InvalidParameter`, which names the field.

    Types that it does not name stay as they are, null leaves one open again; the list of networks is replaced.
    """
    refuse_unknown(fields, _KNOWN)
    if not fields.keys() & {"types", "allowedNetworks"}:
        raise InvalidBody("the body changes nothing", hint="Send types, allowedNetworks, or both.")
    types = _types(fields.get("types", {}))
    networks = _networks(fields["allowedNetworks"]) if "allowedNetworks" in fields else None

    def of(standing: Settings) -> Settings:
        merged = {**standing.types}
        for name, given in types.items():
            before = {} if given is None else {each: getattr(merged.get(name), each, None) for each in _TYPE}
            merged[name] = TypeSetting(**{**before, **(given or {})})
        return replace(
            standing,
            types={name: merged[name] for name in INSIGHT_TYPES if merged.get(name, TypeSetting()) != TypeSetting()},
            allowed_networks=standing.allowed_networks if networks is None else networks,
        )

    return Change(account_in(fields), of, _version(fields))


def parse_account(parameters: Mapping[str, Sequence[str]]) -> str | None:
    """Whose settings the query parameters of a request ask for; None for those for all."""
    refuse_unknown(parameters, ("accountId",), kind="parameter")
    values = parameters.get("accountId", ())
    if len(values) > 1:
        raise InvalidParameter("accountId may be given only once")
    return account_in({"accountId": values[0]}) if values else None


def is_account(text: object) -> bool:
    """Whether a text can be the ID of an account."""
    return isinstance(text, str) and 0 < len(text) <= MAX_ACCOUNT and text == text.strip()


def account_in(fields: Mapping[str, Any]) -> str | None:
    """The account that is asked for; None where it is all. Raises :class:`InvalidParameter`."""
    account = fields.get("accountId")
    if account is not None and not is_account(account):
        raise InvalidParameter(f"accountId must be an account ID of at most {MAX_ACCOUNT} characters, or null for all")
    return account


def _version(fields: Mapping[str, Any]) -> int | None:
    version = fields.get("version")
    if version is not None and (type(version) is not int or version < 0):
        raise InvalidParameter("version must be the whole number that the settings had when they were read")
    return version


def _types(given: object) -> dict[str, dict[str, Any] | None]:
    if not isinstance(given, dict):
        raise InvalidParameter("types must be an object with a member for each type that is to be changed")
    refuse_unknown(given, INSIGHT_TYPES, kind="type", where="types.")
    for name, setting in given.items():
        if setting is None:
            continue
        if not isinstance(setting, dict):
            raise InvalidParameter(f"types.{name} must be an object, or null to leave it open")
        refuse_unknown(setting, _TYPE, where=f"types.{name}.")
        if not isinstance(setting.get("enabled"), bool | None):
            raise InvalidParameter(f"types.{name}.enabled must be true or false, or null to leave it open")
        if setting.get("sensitivity") not in (*SENSITIVITIES, None):
            raise InvalidParameter(f"types.{name}.sensitivity must be low, medium or high, or null to leave it open")
    return given


def _networks(given: object) -> tuple[AllowedNetwork, ...]:
    if not isinstance(given, list) or len(given) > MAX_NETWORKS:
        raise InvalidParameter(f"allowedNetworks must be a list of at most {MAX_NETWORKS} networks")
    found: dict[str, AllowedNetwork] = {}
    for number, each in enumerate(given):
        where = f"allowedNetworks[{number}]"
        allowed = _network(each, where)
        if allowed.network in found:
            raise InvalidParameter(f"{where}: {allowed.network} stands in the list already")
        found[allowed.network] = allowed
    return tuple(found.values())


def _network(given: object, where: str) -> AllowedNetwork:
    if not isinstance(given, dict):
        raise InvalidParameter(f'{where} must be an object such as {{"network": "192.0.2.0/24", "note": "office"}}')
    refuse_unknown(given, _NETWORK, where=f"{where}.")
    text, note = given.get("network"), given.get("note", "")
    if not isinstance(note, str) or len(note) > MAX_NOTE:
        raise InvalidParameter(f"{where}.note must be a text of at most {MAX_NOTE} characters")
    try:
        network = parse_network(text) if isinstance(text, str) else None
    except ValueError:
        network = None
    if network is None:
        raise InvalidParameter(f"{where}.network must be an address or a CIDR range such as 192.0.2.0/24")
    if network.prefixlen < WIDEST[network.version]:
        raise InvalidParameter(
            f"{where}.network must not be wider than /{WIDEST[network.version]}",
            hint="To look at no address at all, disable the type IpInsight.",
        )
    return AllowedNetwork(str(network), note)
