"""Access-review campaigns: a population that is frozen, packets out, decisions in, a closing that somebody answers for.

A campaign decides; it removes nothing. What became of a revocation is told by later listings alone, see
:mod:`scimaudit.history.closure`.
"""
