"""The locks, and what is made of them: the audit of every pin, and the bill of materials."""
