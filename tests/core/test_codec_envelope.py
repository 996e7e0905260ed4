import io
import string

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec import SCHEMA_VERSION, Codec, Envelope
from core.errors import CodecError
from core.events import EVENTS, PlanMade, SpendSettled, SubtaskSucceeded
from core.plans import Plan, PlanNode, Subgoal, Verb

CODEC = Codec(EVENTS)
NODE = PlanNode(id=0, subgoal=Subgoal(verb=Verb.FIND, object="forum"), agent="a", site="reddit")

texts = st.text(string.printable + "äß漢", max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    st.builds(SpendSettled, episode=texts, reservation=texts, amount=st.integers(0, 10**12)),
    st.just(PlanMade(episode="e", plan=Plan(nodes=(NODE,)))),
    st.builds(
        SubtaskSucceeded,
        episode=texts,
        node=st.integers(0, 9),
        attempt=st.integers(1, 3),
        agent=texts,
        outputs=st.dictionaries(texts, values, max_size=3),
        steps=st.integers(0, 9),
        spent=st.integers(0, 9),
    ),
)
envelopes = st.builds(
    Envelope,
    id=texts,
    sequence=st.integers(0, 2**31),
    trace=texts,
    cause=texts,
    at_ms=st.integers(0, 2**60),
    body=bodies,
)


@given(envelopes)
def test_what_is_packed_comes_back_equal(envelope):
    assert CODEC.unpack(CODEC.pack(envelope)) == envelope


@given(st.lists(envelopes, min_size=1, max_size=4), st.data())
def test_a_cut_log_loses_only_its_last_record(written, data):
    parts = [CODEC.pack(envelope) for envelope in written]
    cut = data.draw(st.integers(0, len(parts[-1]) - 1))
    log = io.BytesIO(b"".join(parts[:-1]) + parts[-1][:cut])
    assert list(CODEC.read(log)) == written[:-1]


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_a_codec_error(garbage):
    with pytest.raises(CodecError):
        CODEC.unpack(garbage)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ([SCHEMA_VERSION + 1, "spend_settled", "i", 0, "t", "", 0, {}], "schema version"),
        ([SCHEMA_VERSION, "nonsense", "i", 0, "t", "", 0, {}], "unknown kind"),
        ([SCHEMA_VERSION, "spend_settled", "i", 0, "t", "", 0, {"amount": "x"}], "amount"),
        ([SCHEMA_VERSION, "spend_settled", "i"], "not an envelope"),
        ({"kind": "spend_settled"}, "not an envelope"),
    ],
)
def test_a_message_of_another_kind_or_version_says_what_is_wrong(record, message):
    with pytest.raises(CodecError, match=message):
        CODEC.unpack(msgpack.packb(record))


def test_garbage_in_the_middle_of_a_log_is_told_with_its_place():
    good = CODEC.pack(
        Envelope(
            id="i",
            sequence=0,
            trace="t",
            cause="",
            at_ms=0,
            body=SpendSettled(episode="e", reservation="r", amount=1),
        )
    )
    with pytest.raises(CodecError, match="not an envelope"):
        list(CODEC.read(io.BytesIO(good + b"\x01" + good)))
    for never_msgpack in (b"\xc1", b"\xa2\xff\xfe"):
        with pytest.raises(CodecError, match="no message at byte"):
            list(CODEC.read(io.BytesIO(good + never_msgpack + good)))


def test_two_models_of_one_kind_are_refused():
    with pytest.raises(CodecError, match="two models"):
        Codec([SpendSettled, SpendSettled])


def test_every_event_has_a_kind_of_its_own_and_says_whether_it_is_durable():
    kinds = {event.model_fields["kind"].default for event in EVENTS}
    assert len(kinds) == len(EVENTS)
    assert {event.durable for event in EVENTS} == {True, False}
