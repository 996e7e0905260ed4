"""The agent policy without a model: general rules over things, words and structure.

| verb | arguments it understands | outputs |
|---|---|---|
| find forum, user | `name` (`me`: oneself) or `topic`; `exact` | `url name title` |
| find post | `name`, `url` of a list or `mine`, `where`, `exact` | `url`, attributes of the post |
| find comment | `url`, `section`, `name` (its text), `where order rank exact` | attributes |
| find conversation, search results | `name`; `query` | `url` (`results`) |
| open post, comment | `url` of a list, `section order period rank where` | `url`, attributes |
| open forum, section | `url`, `order period`; `section` | `url` |
| read | `url section`, for messages `which`; `fields` for a `record` | attributes of the thing |
| count, collect | `url` or `mine`, `section order period limit where fields` | a number; records |
| toggle upvote, subscribe, block X | `url state`, `all limit section order where` | `count` |
| submit post, comment, message, forum | `url`, `title body link forum name ...` | `url` |
| edit post, comment, biography, forum | `url`, fields, `mode` append/replace, `row` | `url` |
| delete post, comment | `url`, `row` | `done` |

An output called `done` is noted as true. Conditions: `policies/conditions.py`.
"""

from policies.heuristic.policy import HeuristicPolicy

__all__ = ["HeuristicPolicy"]
