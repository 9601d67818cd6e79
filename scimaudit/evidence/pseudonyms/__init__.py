"""Evidence without names: a bundle's findings, ledger, tables, pack and reports, with keyed tokens for people.

What is written stays personal data: whoever has the key, or the bundle, can say who is meant. It is evidence for those
who have to check the findings and not the people.
"""
