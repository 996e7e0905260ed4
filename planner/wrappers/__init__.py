"""What is added around a provider's adapter, one concern a file; each is a `Provider` itself.

    Thrifty                         a shorter answer where a long one cannot be paid for
    FallingBack                     the next provider when one fails; the planner's rules come last
      Retrying                      the same request again, later, under its own id
        Capable                     the same request without what the server does not take
          Limited                   waits for its turn: requests in flight, requests, tokens
            Budgeted                reserves the most that it can cost, settles what it did cost
              Recording | Replaying a cassette instead of the network
                adapter

The order matters: an attempt of a retry is reserved by itself, nothing is reserved while a request
waits for its turn, and what a cassette answers costs what the call would have cost.
`planner.wrappers.stack` builds this stack.
"""
