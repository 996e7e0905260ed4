"""The agent policy without a model: general rules over things, words and structure.

| verb | arguments it understands | outputs |
|---|---|---|
| find forum, user | `name` or `topic` | `url name title` and what the page shows |
| find post | `name`, `url` of a list or `mine`, `where` | `url` and attributes of the post |
| find comment | `url` of a thread, `name` (its text), `where`, `rank` | attributes of the row |
| find conversation, search results | `name`; `query` | `url` |
| open post | `url` of a list, `order period rank where` | `url` and attributes of the post |
| open forum, open section | `url`, `order period`; `section` | `url` |
| read | `url`, for messages `which` | attributes of the thing |
| count, collect | `url` or `mine`, `order period limit where section fields` | a number; records |
| toggle upvote/downvote/subscribe/block X | `url`, `state`, `all limit order where` | `count` |
| submit post, comment, message, forum | `url`, `title body link forum name ...` | `url` |
| edit post, comment, biography, forum | `url`, fields, `mode` append/replace, `row` | `url` |
| delete post, comment | `url`, `row` | |

An output called `done` is noted as true. Conditions: `policies/conditions.py`.
"""

from policies.heuristic.policy import HeuristicPolicy

__all__ = ["HeuristicPolicy"]
