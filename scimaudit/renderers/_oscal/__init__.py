"""Workings of the OSCAL documents."""
