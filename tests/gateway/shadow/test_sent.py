"""Batches on disk: which of the provider's are whose."""

from __future__ import annotations

from pathlib import Path

import msgspec

from suffice.gateway.shadow.sent import SentFolder
from suffice.records import SentBatch


def batch(name: str, id_: str = "") -> SentBatch:
    return SentBatch(name=name, at=0.0, batch=id_, version="2026-10-21", calls={})


def test_what_others_have_is_told_as_soon_as_it_has_a_name(tmp_path: Path) -> None:
    sent = SentFolder(tmp_path)
    sent.put(batch("mine", "msgbatch_1"))
    sent.put(batch("named", "msgbatch_2"))
    sent.put(batch("unheard"))
    assert sent.ids_beside("mine") == {"msgbatch_2"}

    sent.put(batch("unheard", "msgbatch_3"))
    sent.drop("named")

    assert sent.ids_beside("mine") == {"msgbatch_3"}


def test_a_batch_whose_name_is_known_is_not_read_again(tmp_path: Path) -> None:
    sent = SentFolder(tmp_path)
    sent.put(batch("other", "msgbatch_1"))
    assert sent.ids_beside("mine") == {"msgbatch_1"}

    (tmp_path / "other.json").write_bytes(msgspec.json.encode(batch("other", "msgbatch_2")))

    assert sent.ids_beside("mine") == {"msgbatch_1"}
    (tmp_path / "other.json").write_text("{")
    assert SentFolder(tmp_path).ids_beside("mine") == set()
