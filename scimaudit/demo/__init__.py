"""The demonstration: a fictional company's files and a real SCIM service for its apps, on this machine alone."""

from scimaudit.demo.night import Night, fall
from scimaudit.demo.sample import TOKEN_VARIABLE, prepare, sample_folder
from scimaudit.demo.server import Running, serve

__all__ = ["TOKEN_VARIABLE", "Night", "Running", "fall", "prepare", "sample_folder", "serve"]
