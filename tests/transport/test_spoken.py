"""The forms in which a secret is known again, by other writers than the one that looks for them."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit.transport.spoken import forms, quoted

SECRET = "ab/cd+ef=&<\"'>`gh%ij"
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=60)
AROUND = st.binary(max_size=7)

WRITERS = {
    "plain": lambda text: text,
    "JSON": json.dumps,
    "JSON of PHP": lambda text: json.dumps(text).replace("/", r"\/"),
    "JSON of .NET": lambda text: "".join(rf"\u{ord(sign):04X}" if sign in "\"&'+<>`" else sign for sign in text),
    "HTML": html.escape,
    "HTML of PHP": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL in small letters": lambda text: re.sub("%..", lambda code: code[0].lower(), urllib.parse.quote(text, safe="")),
    "form": urllib.parse.quote_plus,
    "reversed": lambda text: text[::-1],
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "two bytes a letter": lambda text: text.encode("utf-16-le").decode(),
    "two bytes a letter in JSON": lambda text: json.dumps(text.encode("utf-16-le").decode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a header": lambda text: base64.b64encode(f"Authorization: Bearer {text}\r\n".encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(f"x{text}".encode()).decode(),
}


def known(text: bytes, secret: str) -> bool:
    return any(form in text for form in forms((secret,)))


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())
def test_a_secret_is_known_again_whoever_writes_it(writer) -> None:
    plain = "abcdef-0123456789_XYZ~."
    for secret in (plain, "ab/cd+ef=ghijklmn==", *([SECRET] if writer in (WRITERS["plain"], html.escape) else [])):
        assert known(f"<pre>{writer(secret)}</pre>".encode(), secret)
        assert secret not in quoted(f"said {writer(secret)}", (secret,))
        assert quoted(f"said {writer(secret)}", (secret,)).startswith("(its words are left out")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_two_bytes_a_letter(encoding) -> None:
    assert known("token abcdefghijklmnop!".encode(encoding), "abcdefghijklmnop")


@given(VISIBLE, AROUND, AROUND)
def test_base64_of_a_secret_amid_other_bytes(secret, before, after) -> None:
    assert known(base64.b64encode(before + secret.encode() + after), secret)
    assert known(base64.urlsafe_b64encode(before + secret.encode() + after), secret)


def test_the_form_of_a_program_of_another_make() -> None:
    for command in (["xxd", "-p", "-c", "200"], ["base64", "-w0"], ["rev"]):
        done = subprocess.run(command, input=b"tok-0123456789abcdef", check=True, capture_output=True)
        assert known(done.stdout, "tok-0123456789abcdef"), command


def test_what_is_short_could_stand_there_by_chance() -> None:
    assert forms(("eventual", "")) == ()
    assert quoted("the server says eventual", ("eventual",)).startswith("(its words")


@given(st.text(max_size=200))
def test_words_that_give_nothing_away_stay_as_they_are(words) -> None:
    assert quoted(words, ("qq-no-such-secret-qq", "")) == words


@pytest.mark.parametrize("words", ["half \ud83d of one", "\udcff"])
def test_words_that_are_no_text_can_be_shown_and_kept(words):
    shown = quoted(words, (SECRET,))
    assert shown == words.encode("utf-8", "replace").decode()
    assert quoted(words + SECRET, (SECRET,)) == quoted(SECRET, (SECRET,))
