"""Drills: a change of a person or of a canary is expected in every app by a time, and listings tell what came of it.

A drill watches through the ordinary sources and writes nothing. Only ``drill run`` writes, a canary of its own, where
the configuration and the one who runs it both say so.
"""
