"""The stored lists of a gateway are restored as they were, or refused."""

from dataclasses import replace
import string

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Device,
    EmsError,
    GatewayInfo,
    Load,
    Protocol,
    Signal,
    Snapshot,
)
from custom_components.carlo_gavazzi_ems.api.fields import clean_text

UIDS = st.integers(0, 2**63 - 1)
NUMBERS = st.none() | st.integers(-(2**63) + 1, 2**63 - 1)
TEXTS = st.text(max_size=250).map(clean_text)
NAMES = st.text(string.ascii_letters + string.digits + ":._", min_size=1, max_size=30)
INFOS = st.builds(GatewayInfo, serial_number=NAMES, mac_address=NAMES, firmware=NAMES, part_number=NAMES)


def records[T](kind: type[T], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[int, T]]:
    """Return maps of records by UID."""
    return st.lists(st.builds(kind, uid=UIDS, **fields), max_size=5).map(
        lambda some: {record.uid: record for record in some}  # type: ignore[attr-defined]  # every kind has one
    )


SNAPSHOTS = st.builds(
    Snapshot,
    info=INFOS,
    devices=records(Device, label=TEXTS, part_number=TEXTS, system=TEXTS),
    loads=records(
        Load,
        label=TEXTS,
        enabled=st.booleans(),
        index=NUMBERS,
        type=NUMBERS,
        device_uid=NUMBERS,
        protocol=st.none() | st.sampled_from(Protocol),
        settings=st.just({}),
    ),
    signals=records(
        Signal,
        code=st.integers(-(2**31), 2**31),
        sir=NUMBERS,
        enabled=st.booleans(),
        load_uid=NUMBERS,
        device_uid=NUMBERS,
    ),
)


@given(SNAPSHOTS)
def test_r12_what_is_kept_comes_back(snapshot: Snapshot) -> None:
    """Over JSON and back, nothing is lost and nothing is added."""
    assert Snapshot.from_json(orjson.loads(orjson.dumps(snapshot.as_json()))) == snapshot


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.dictionaries(NAMES, x))
)
def test_r12_what_is_no_snapshot_is_refused(payload: object) -> None:
    """Whatever else stands in the file is one error, and no other."""
    with pytest.raises(EmsError):
        Snapshot.from_json(payload)


def test_r12_settings_are_not_kept() -> None:
    """They may be as deep and large as a gateway likes, and no start needs them."""
    info = GatewayInfo(serial_number="1", mac_address="2", firmware="3", part_number="4")
    load = Load(uid=1, label="a", protocol=Protocol.TCP, settings={"host": {"a": [1]}})
    assert Snapshot.of(info, {}, {1: load}, {}).loads == {1: replace(load, settings={})}
