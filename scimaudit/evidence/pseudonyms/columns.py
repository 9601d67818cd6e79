"""What each column of each table, sheet and line holds of people: the only place where that is said.

A column that nobody classified is refused, never passed through, and ``tests/evidence/test_pseudonyms.py`` fails as
soon as there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODE: Final = "code"
"""Nothing of a person: words of the program, names of apps and sources, numbers, days and times. Stays."""
RIGHT: Final = "right"
"""The name of a right, an app's title, or the organisation's. Stays, unless it holds something of a known person."""
ID: Final = "id"
"""A key that is compared letter by letter. Becomes a token of exactly this text."""
NAME: Final = "name"
"""A name, an address, a number, a post. Becomes a token of the form in which correlation compares it."""
TEXT: Final = "text"
"""What a person wrote. Becomes one token as a whole."""
SENTENCE: Final = "sentence"
"""What the program wrote, with what it found in it. A clause made of nothing but the program's own words, rights,
days and small numbers stays; every other clause becomes one token as a whole."""
WHO: Final = "who"
"""An :data:`ID`, or the program's words for nobody, with or without the account that nobody owns."""
WHOS: Final = "whos"
"""Several :data:`WHO`, joined by semicolons."""
NAMES: Final = "names"
"""Several :data:`NAME`, joined by semicolons."""
RIGHTS: Final = "rights"
"""Several :data:`RIGHT`, joined by semicolons."""
KEYS: Final = "keys"
"""What correlation compared, ``T2 employee_number 00123 = 00123``: the values become tokens; joined by semicolons."""
ABOUT: Final = "about"
"""What an exception is about, ``kind = …, app = …, subject = …``: the subject becomes a token."""
LED: Final = "led"
"""A disposition, with the :data:`ID` of the finding that leads."""
INNER: Final = "inner"
"""Lines of their own kind."""
DROP: Final = "drop"
"""Left out: a place in a raw body tells the order of a listing, and so whom a row is of."""

PERSONAL: Final = frozenset({ID, NAME, WHO, WHOS, NAMES, KEYS})
"""What lets the order of rows tell of people: rows with such a column are sorted again by their tokens."""


def _of(**told: str) -> Mapping[str, str]:
    """Column to class, from class to columns."""
    return {column: kind for kind, columns in told.items() for column in columns.split()}


_POST: Final = "department title previous_department previous_title location company"
"""Of few people in a post or a place the post is a name; so they are tokens too, and rules over them still compare."""

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "people": _of(
        id="person_id manager_id",
        name="employee_number user_name emails aliases given_name family_name display_name employee_number_key "
        f"user_name_key email_keys alias_keys {_POST}",
        code="status start_date end_date previous_end_date moved_on roster",
        right="status_raw worker_type",
        drop="raw_row",
    ),
    "accounts": _of(
        id="account_id",
        name="external_id user_name emails display_name given_name family_name employee_number department title "
        "manager employee_number_key external_id_key user_name_key email_keys",
        code="app active created last_modified last_login account_kind listings",
        right="user_type last_login_source",
        drop="raw_file raw_body raw_row",
    ),
    "grants": _of(
        id="account_id", code="app attribute type privileged granted_at expires_at", right="value display via"
    ),
    "links": _of(
        id="account_id person_id runners_up",
        code="app situation tier confidence",
        keys="keys",
        sentence="reason",
        name="decided_by",
    ),
    "findings": _of(
        id="finding_id account_id person_id exception_id covered_by",
        code="kind family severity app attribute first_seen disposition lead gated controls",
        name="user_name person_name owner",
        sentence="severity_why value expected actual action",
        text="risk",
        drop="evidence",
    ),
    "trail": _of(
        id="finding_id account_id person_id",
        code="kind family severity app attribute disposition state first_seen last_seen resolved_at resolved_by "
        "reopened",
        name="user_name person_name",
        sentence="value actual reason",
    ),
    "checks": _of(code="kind app population failed passed not_evaluable reason"),
    "overlaps": _of(id="person_id", code="roster over attribute", name="value over_value"),
}
"""The tables of :mod:`scimaudit.tables`; columns that a configuration adds to them are left out."""

SHEETS: Final[Mapping[str, Mapping[str, str]]] = {
    "scope": _of(
        code="app_id frameworks",
        right="name",
        name="business_owner technical_owner source_owner",
        sentence="data_class criticality excluded_because last_reviewed sign_in create update disable "
        "entitlement_removal proof",
    ),
    "tieout": _of(code="subject from_count to_count difference state", sentence="arrow named proof"),
    "population": _of(
        id="account_id",
        code="app active created modified last_sign_in type",
        name="user_name external_id",
        names="emails",
        sentence="last_sign_in_semantics proof",
        who="owner",
        rights="groups roles entitlements license_sku",
    ),
    "roster": _of(
        id="person_id manager_id",
        code="status start_date end_date source source_timestamp",
        right="worker_type",
        name="name department title location",
        sentence="proof",
    ),
    "correlation": _of(
        id="account_id",
        code="app rule_id confidence tier",
        who="person_id decided_by",
        whos="runners_up",
        keys="keys_compared",
        sentence="decided_at link_age_days proof",
    ),
    "findings": _of(
        id="finding_id",
        code="kind severity app first_seen last_seen age_days sla_due control_ids",
        who="account_id person_id exception_id",
        sentence="severity_why rule recommended_action proof",
        led="state",
        drop="evidence",
    ),
    "access-matrix": _of(
        who="person_id", code="app granted_at", right="entitlement held", sentence="policy_verdict proof"
    ),
    "decisions": _of(
        id="item_id",
        who="reviewer_id",
        code="reviewer_basis",
        sentence="relation_to_subject independent decision decided_at seconds_on_item batch_size proof",
        text="rationale",
        drop="signature",
    ),
    "remediation": _of(
        id="item_id",
        who="performed_by",
        code="requested_at reopened",
        text="ticket",
        sentence="claimed_done_at verified_at verified_by_snapshot observed_state elapsed_days proof",
    ),
    "exceptions": _of(
        id="id",
        about="matcher",
        text="reason compensating_control ticket",
        name="approver_id",
        code="approved_at expires matched_count",
        sentence="approver_role review_cycle status proof",
    ),
    "changes": _of(id="id", name="before after", code="what change app attribute", sentence="name reason proof"),
    "controls": _of(
        code="control_id framework kinds_mapped population_tested failed not_evaluable unproven_apps",
        sentence="not_evaluable_because proof",
    ),
}
"""The CSV files of the pack. Its other files are lines without columns, and are left out."""

LINES: Final[Mapping[str, Mapping[str, str]]] = {
    "Audit": _of(
        inner="meta apps sources equations gates kinds exceptions feeds power thresholds savings approvals over_time",
        drop="findings checks",  # tables: put back by whoever has rewritten them
    ),
    "Meta": _of(
        code="version audit_id snapshot_id as_of time_zone collected_from collected_to people people_active fail_on "
        "exit_code require_scope outdated switched_off",
        right="organisation",
        sentence="exit_reasons defaults",
        inner="accepted",
    ),
    "WitnessLine": _of(code="name outcome", sentence="detail"),
    "SourceLine": _of(
        code="name fills app source collected_at as_of reused received parsed rejected acknowledged walk scope "
        "entitlements requests bytes seconds waited",
        sentence="walk_reason scope_reason entitlements_reason notes error",
        inner="witnesses",
    ),
    "AppLine": _of(
        code="app regulated accounts active inactive activity_unknown matched unmatched ambiguous grants findings "
        "set_aside walk scope as_of verdict",
        right="title",
        name="owner",
        sentence="register walk_reason scope_reason verdict_reason",
    ),
    "Equation": _of(code="name subject left right"),
    "ExceptionLine": _of(
        id="id",
        code="kind app approved expires state covers",
        name="subject requested_by approver",
        text="reason compensating_control ticket",
        sentence="trouble",
    ),
    "PolicyWord": _of(code="says", right="rule", text="why", name="owner"),
    "ApprovalLine": _of(
        id="account_id person_id id",
        code="what app state attribute privileged needed active on until kind",
        name="account person by",
        right="value where",
        sentence="subject trouble",
        text="reason",
        inner="rules",
    ),
    "FeedLine": _of(code="app attribute rosters owned resembling foreign agreeing differing unknown"),
    "PowerLine": _of(code="app accounts standing ending eligible unsaid"),
    "ThresholdLine": _of(code="control kind limit own beyond beyond_own judged not_evaluable"),
    "SavingLine": _of(code="app sure asked price sure_a_month asked_a_month currency as_of", right="what"),
    "Gate": _of(code="name subject before now limit", text="accepted"),
    "KindLine": _of(
        code="kind title family severity detects why not_evaluable remediation controls stopped_by",
        sentence="settings",
    ),
    "OverTime": _of(code="before snapshots since", inner="changes spans span_summaries revocations campaigns metrics"),
    "ChangeLine": _of(code="what app came gone changed came_back stayed unproven"),
    "SpanLine": _of(
        id="account_id person_id",
        code="event app due after by at hours_from hours_to sla_hours verdict",
        name="account person",
        sentence="reason",
    ),
    "SpanSummary": _of(
        code="event app period events in_time late unclear open not_evaluable median_hours p90_hours worst_hours "
        "exposure_days"
    ),
    "RevocationLine": _of(
        id="item_id account_id person_id",
        code="app attribute decision decided_at state proven_by proven_at still_there",
        right="value display",
        name="account person reviewer",
        sentence="reason",
        text="campaign",
    ),
    "CampaignLine": _of(
        code="snapshot_id opened_at due closed_at items certified revoked modified abstained lapsed undecided "
        "reviewers silent",
        name="opened_by closed_by attested_by",
        text="id title statement accepted",
        sentence="warnings",
    ),
    "MetricLine": _of(code="name labels value unit meaning of not_evaluable"),
}
"""The lines of an audit: see :mod:`scimaudit.result`."""
