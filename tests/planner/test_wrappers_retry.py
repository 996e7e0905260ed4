import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from planner.providers.contract import (
    BrokenReplyError,
    CredentialsError,
    OverloadedError,
    ProviderTimeoutError,
    RateLimitedError,
    RequestRefusedError,
    SpendRefusedError,
    UnsupportedError,
)
from planner.wrappers.retry import RetryConfig, Retrying
from tests.planner.voices_for_tests import Voice, asking, saying


class Time:
    def __init__(self):
        self.now, self.slept = 0.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def retrying(voice, time, **config):
    return Retrying(
        voice,
        RetryConfig(**config),
        clock=lambda: time.now,
        sleep=time.sleep,
        rng=random.Random(7),
    )


@pytest.mark.parametrize(
    "kind", [RateLimitedError, OverloadedError, ProviderTimeoutError, BrokenReplyError]
)
def test_what_may_pass_is_tried_again(kind):
    voice, time = Voice(kind("not now"), kind("not now"), saying()), Time()
    reply = retrying(voice, time).complete(asking())
    assert (reply.text, reply.attempts) == ("hi", 3)
    assert [request.id for request in voice.asked] == ["call", "call#2", "call#3"]
    assert len(time.slept) == 2


@pytest.mark.parametrize(
    "kind", [CredentialsError, RequestRefusedError, SpendRefusedError, UnsupportedError]
)
def test_what_will_not_pass_fails_at_once(kind):
    voice, time = Voice(kind("no")), Time()
    with pytest.raises(kind, match="no"):
        retrying(voice, time).complete(asking())
    assert len(voice.asked) == 1
    assert time.slept == []


def test_attempts_are_bounded_and_the_last_error_is_told():
    voice, time = (
        Voice(OverloadedError("one"), OverloadedError("two"), OverloadedError("three")),
        Time(),
    )
    with pytest.raises(OverloadedError, match="three"):
        retrying(voice, time, max_attempts=3).complete(asking())
    assert len(voice.asked) == 3


def test_a_provider_that_says_how_long_is_waited_for_that_long():
    voice, time = Voice(RateLimitedError("slow", retry_after_s=7.0), saying()), Time()
    retrying(voice, time, first_wait_s=0.5).complete(asking())
    assert 7.0 <= time.slept[0] <= 7.5


def test_a_wait_beyond_the_time_allowed_is_not_begun():
    voice, time = Voice(RateLimitedError("slow", retry_after_s=3_600)), Time()
    with pytest.raises(RateLimitedError):
        retrying(voice, time, max_total_s=60).complete(asking())
    assert time.slept == []


def test_later_attempts_get_only_the_time_that_is_left():
    time = Time()

    def slow(_):
        time.now += 50
        return OverloadedError("busy")

    voice = Voice(slow, saying())
    retrying(voice, time, max_total_s=60).complete(asking(timeout_s=55))
    assert [request.timeout_s for request in voice.asked] == [55, pytest.approx(10, abs=0.6)]


@given(seed=st.integers(), attempts=st.integers(2, 8))
def test_waits_stay_within_full_jitter_s_bounds(seed, attempts):
    voice, time = Voice(OverloadedError("busy")), Time()
    config = RetryConfig(max_attempts=attempts, first_wait_s=1, longest_wait_s=8, max_total_s=1e6)
    patient = Retrying(voice, config, lambda: time.now, time.sleep, random.Random(seed))
    with pytest.raises(OverloadedError):
        patient.complete(asking())
    assert len(time.slept) == attempts - 1
    for place, waited in enumerate(time.slept):
        assert 0 <= waited <= min(8, 2**place)


@pytest.mark.parametrize(
    "wrong", [{"max_attempts": 0}, {"first_wait_s": 9, "longest_wait_s": 1}, {"max_total_s": 0}]
)
def test_a_senseless_configuration_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        RetryConfig(**wrong)
