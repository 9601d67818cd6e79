"""Pages of known rows are read for their ids alone, and only where nothing is odd about them."""

import json

import pytest

from scimaudit.sources.scim import outline, parse, profile

UNKNOWN = profile.load("unknown")
PLAIN = {
    "totalResults": 7,
    "startIndex": 3,
    "itemsPerPage": 2,
    "nextCursor": "n",
    "Resources": [{"id": "a"}, {"id": "b"}],
}


def known(*ids):
    return lambda wanted: set(ids) >= set(wanted)


def test_what_the_envelope_says_and_the_ids_are_read():
    page = outline.read(json.dumps(PLAIN).encode(), known("a", "b"))
    assert (page.ids, page.total, page.start_index, page.items_per_page) == (["a", "b"], 7, 3, 2)
    assert (page.next_cursor, page.next_link, page.next_id, len(page.users)) == ("n", None, None, 0)


def test_it_agrees_with_the_full_reading_but_for_the_rows():
    body = json.dumps(PLAIN).encode()
    brief, full = parse.page(body, UNKNOWN, "Users", known("a", "b")), parse.page(body, UNKNOWN, "Users")
    full.users = brief.users
    assert brief == full


def test_a_page_with_a_row_not_known_is_read_in_full():
    body = json.dumps(PLAIN).encode()
    assert outline.read(body, known("a")) is None
    assert parse.page(body, UNKNOWN, "Users", known("a")).users.account_id == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"Resources":[]}',
        b'{"totalResults":1}',
        b'{"Resources":[{"id":"a"}],"resources":[{"id":"b"}]}',
        b'{"Resources":[{"id":"b"}],"Resources":[{"id":"a"}]}',
        b'{"Resources":[{"id":"a"}],"nextCursor":"n","nextCursor":null}',
        b'{"Resources":[{"id":"a"}],"totalResults":1,"totalResults":2}',
        b'{"Resources":[{"id":"a"}],"totalResults":"1"}',
        b'{"Resources":[{"id":"a"}],"nextCurs\\u006fr":"n"}',
        b'{"schemas":["Resources"],"Resources":[{"id":"a"}]}',
        b'{"Resources":[{"id":"a"},{"userName":"no id"}]}',
        b'{"Resources":[{"id":"a"},{"id":7}]}',
        b'{"Resources":[{"id":"a"},"row"]}',
        b'{"Resources":[{"id":"a"}],"unheard":1}',
        b'{"Resources":[{"id":"a"}]} trailing',
    ],
)
def test_an_odd_page_is_read_in_full(body):
    assert outline.read(body, known("a", "b")) is None
