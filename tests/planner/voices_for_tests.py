"""A provider and a purse that say what a test tells them to."""

from planner.providers.contract import (
    ChatMessage,
    FinishReason,
    ModelReply,
    ModelRequest,
    Usage,
)


def asking(text="hello", **changes):
    return ModelRequest(
        **{
            "id": "call",
            "system": "be brief",
            "messages": (ChatMessage(role="user", text=text),),
            "max_output_tokens": 100,
            **changes,
        }
    )


USED = Usage(input_tokens=10, output_tokens=5)


def saying(text="hi", usage=USED, **changes):
    return ModelReply(
        **{
            "text": text,
            "finish": FinishReason.STOP,
            "usage": usage,
            "provider": "openai",
            "model": "gpt-4o",
            **changes,
        }
    )


class Voice:
    """Gives one outcome after the other, the last one for ever; keeps what it was asked."""

    def __init__(self, *outcomes, name="openai", model="gpt-4o"):
        self.name, self.model = name, model
        self.outcomes = list(outcomes)
        self.asked = []

    def complete(self, request):
        outcome = self.outcomes[min(len(self.asked), len(self.outcomes) - 1)]
        self.asked.append(request)
        if callable(outcome):
            outcome = outcome(request)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome
