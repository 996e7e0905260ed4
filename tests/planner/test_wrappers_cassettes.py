import pytest

from core.errors import CodecError
from planner.providers.contract import (
    FinishReason,
    ProviderError,
    RateLimitedError,
    RequestRefusedError,
    TokenLogprob,
    UnsupportedError,
)
from planner.wrappers.cassette import Cassette, request_key
from planner.wrappers.fall_back import AllProvidersFailedError
from planner.wrappers.recording import Recording, Replaying
from tests.planner.voices_for_tests import Voice, asking, saying


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tapes" / "one.msgpack"


def replaying(path, **more):
    return Replaying(cassette=Cassette(path), name="openai", model="gpt-4o", **more)


def outcomes_of(provider, *requests):
    told = []
    for request in requests:
        try:
            told.append(provider.complete(request))
        except ProviderError as error:
            told.append((type(error), str(error), error.retry_after_s, error.may_be_billed))
    return told


def test_what_was_recorded_is_played_again(path):
    rich = saying(
        logprobs=(TokenLogprob(token="a", logprob=-0.5, top=(("a", -0.5), ("b", -2.0))),),
        finish=FinishReason.LENGTH,
        usage=None,
    )
    voice = Voice(rich, RateLimitedError("busy", provider="openai", retry_after_s=2.5), saying("x"))
    requests = [asking("one"), asking("two"), asking("one")]
    first = outcomes_of(Recording(voice, Cassette(path)), *requests)
    assert outcomes_of(replaying(path), *requests) == first


def test_a_parameter_that_was_not_taken_is_remembered(path):
    voice = Voice(UnsupportedError("no", parameter="temperature", provider="openai"))
    outcomes_of(Recording(voice, Cassette(path)), asking())
    with pytest.raises(UnsupportedError) as played:
        replaying(path).complete(asking())
    assert played.value.parameter == "temperature"


def test_errors_of_our_own_are_recorded_as_their_kind(path):
    voice = Voice(AllProvidersFailedError([RateLimitedError("busy")]))
    outcomes_of(Recording(voice, Cassette(path)), asking())
    with pytest.raises(ProviderError, match="no provider replied"):
        replaying(path).complete(asking())


def test_a_played_error_can_be_raised_many_times(path):
    outcomes_of(Recording(Voice(RateLimitedError("busy")), Cassette(path)), asking())
    played = replaying(path)
    assert outcomes_of(played, asking(), asking()) == [(RateLimitedError, "busy", None, None)] * 2


def test_the_same_question_is_answered_in_the_order_recorded_and_then_with_the_last(path):
    recording = Recording(Voice(saying("a"), saying("b")), Cassette(path))
    outcomes_of(recording, asking(), asking())
    played = outcomes_of(replaying(path), asking(), asking(), asking())
    assert [reply.text for reply in played] == ["a", "b", "b"]


def test_ids_and_time_outs_do_not_matter_and_everything_else_does():
    key = request_key("openai", "gpt-4o", asking())
    assert request_key("openai", "gpt-4o", asking(id="other", timeout_s=1)) == key
    others = [
        asking("other"),
        asking(system="other"),
        asking(schema={"type": "object"}),
        asking(max_output_tokens=7),
        asking(temperature=0.0),
        asking(top_logprobs=3),
    ]
    keys = {request_key("openai", "gpt-4o", other) for other in others}
    assert len(keys | {key, request_key("openai", "gpt-5", asking())}) == len(others) + 2


def test_a_strict_cassette_refuses_what_was_never_asked(path):
    with pytest.raises(RequestRefusedError, match="record it again"):
        replaying(path).complete(asking())


def test_a_cassette_that_may_ask_records_what_it_asked(path):
    voice = Voice(saying("fresh"))
    provider = replaying(path, otherwise=voice)
    assert [reply.text for reply in outcomes_of(provider, asking(), asking())] == ["fresh"] * 2
    assert len(voice.asked) == 1
    assert len(Cassette(path)) == 1


def test_a_cassette_cut_in_its_last_record_loses_only_that(path):
    outcomes_of(Recording(Voice(saying()), Cassette(path)), asking("one"), asking("two"))
    whole = path.read_bytes()
    one = len(whole) // 2
    for cut in range(one + 1, len(whole), 7):
        path.write_bytes(whole[:cut])
        assert len(Cassette(path)) in (1, 2)


@pytest.mark.parametrize("junk", [b"\xc1\xc1", b"\x93\x01\x02\x03", b"\x05", b"{}"])
def test_another_file_is_not_taken_for_a_cassette(path, junk):
    path.parent.mkdir()
    path.write_bytes(junk)
    with pytest.raises(CodecError, match="not a cassette"):
        Cassette(path)
