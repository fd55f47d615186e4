"""How busy a machine may be before a group grows, the same on every cloud."""

# Of what a machine can do. A new machine needs minutes to come up, and what is left bridges them.
TARGET = 0.7
# What we take a question and its answer to last when nobody has measured: 300 tokens at 30 tokens a second.
_USUAL_ANSWER_S = 10


def usual_requests_a_second(parallel: int) -> float:
    """What a machine that writes so many answers at a time takes at its full load."""
    return parallel / _USUAL_ANSWER_S
