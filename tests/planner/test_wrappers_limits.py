import threading
import time as real_time

import pytest

from core.errors import ConfigurationError
from planner.providers.contract import OverloadedError, RateLimitedError, Usage
from planner.wrappers.limits import LimitConfig, Limited, Limiter
from tests.planner.voices_for_tests import Voice, asking, saying


class Time:
    def __init__(self):
        self.now, self.slept = 0.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def limited(voice, time, **config):
    limiter = Limiter(LimitConfig(**config), clock=lambda: time.now, sleep=time.sleep)
    return Limited(voice, limiter)


def test_a_burst_goes_at_once_and_the_rest_is_spread_evenly():
    time = Time()
    provider = limited(Voice(saying()), time, requests_per_minute=60, burst=3)
    for _ in range(6):
        provider.complete(asking())
    assert time.slept == [pytest.approx(1.0)] * 3


def test_tokens_per_minute_are_kept_by_what_was_really_used():
    time = Time()
    hungry = Voice(saying(usage=Usage(input_tokens=900, output_tokens=100)))
    provider = limited(hungry, time, tokens_per_minute=6_000, burst=100, requests_per_minute=1e6)
    for _ in range(8):
        provider.complete(asking())
    # 1,000 tokens a call at 100 a second: 10 s each, of which 15 s may run ahead.
    assert time.now == pytest.approx(7 * 10 - 15, abs=3)


def test_a_turn_too_far_away_is_refused_and_says_when_it_comes():
    time = Time()
    voice = Voice(saying())
    provider = limited(voice, time, requests_per_minute=1, burst=1, max_wait_s=5)
    provider.complete(asking())
    with pytest.raises(RateLimitedError) as refused:
        provider.complete(asking())
    assert refused.value.retry_after_s == pytest.approx(60)
    assert refused.value.may_be_billed is False
    assert len(voice.asked) == 1


def test_a_failed_request_leaves_its_place_in_flight():
    provider = limited(Voice(OverloadedError("busy")), Time(), in_flight=1)
    for _ in range(3):
        with pytest.raises(OverloadedError):
            provider.complete(asking())


def test_never_more_requests_in_flight_than_allowed():
    lock, now, most = threading.Lock(), 0, 0

    def answer(_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        real_time.sleep(0.01)
        with lock:
            now -= 1
        return saying()

    provider = Limited(Voice(answer), Limiter(LimitConfig(in_flight=3, burst=100)))
    threads = [threading.Thread(target=provider.complete, args=(asking(),)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_a_full_flight_is_waited_for_only_so_long():
    limiter = Limiter(LimitConfig(in_flight=1, max_wait_s=0.01))
    limiter.enter(1)
    with pytest.raises(RateLimitedError, match="in flight"):
        limiter.enter(1)


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="in_flight"):
        LimitConfig(in_flight=0)
