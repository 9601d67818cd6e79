"""Find zombie accounts: join every app's accounts with the system of record, and prove the listing was whole."""

__version__ = "0.1.0"
