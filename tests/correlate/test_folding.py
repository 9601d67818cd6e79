from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scimaudit import identifiers
from scimaudit.correlate import folding


def one_account_name(text):
    return (identifiers.local_part(identifiers.near(text)) or "").partition("+")[0]


TEXTS = st.lists(st.none() | st.text("aAzZ09 '`’.,-_@+~\t\n\x1fñİß\u0430\u200b", max_size=12), max_size=8)


@pytest.mark.parametrize(
    ("columnwise", "fold"),
    [
        (folding.name_keys, folding.name_key),
        (folding.nears, identifiers.near),
        (folding.account_names, one_account_name),
    ],
)
@given(texts=TEXTS)
@example(texts=["", " ", "@", "@x", "+", "a @b", " a@", "a@b@c", "a b", "b a", "-", "a--b", "'a b'"])
def test_a_column_folds_as_each_of_its_texts_does(columnwise, fold, texts):
    found = columnwise(pa.array(texts, pa.string())).to_pylist()
    assert found == [None if text is None else fold(text) for text in texts]
