"""Decisions go into files of others; what is not ours stays byte for byte."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.errors import UnfitEdit
from suffice.reports.exports import Decision, env_lines, litellm_config, model_map
from suffice.reports.exports_claude import agent_file, agent_model, claude_settings

OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"


def decision(name: str = "triage", candidate: str = HAIKU) -> Decision:
    return Decision(type=name, baseline=OPUS, candidate=candidate, run="r1", pairs=412)


EXISTING = """\
# our proxy
model_list:  # groups
- model_name: gpt
  litellm_params:
    model: openai/gpt   # keep me
    api_key: os.environ/OPENAI_API_KEY

router_settings:
  num_retries: 3
"""


def test_a_group_per_type_is_added_and_nothing_else_changes() -> None:
    text = litellm_config(EXISTING, [decision()])

    added = """\
# suffice: begin (written by `suffice export`; the lines to `end` are replaced)
- model_name: "triage"
  litellm_params:
    model: "anthropic/claude-haiku-5-5"
    api_key: os.environ/ANTHROPIC_API_KEY
# suffice: end
"""
    assert added in text
    assert text.replace(added, "") == EXISTING


def test_writing_twice_changes_nothing_more_and_a_type_that_left_is_gone() -> None:
    once = litellm_config(EXISTING, [decision("triage"), decision("mail")])

    assert litellm_config(once, [decision("triage"), decision("mail")]) == once
    assert "mail" not in litellm_config(once, [decision("triage")])
    assert litellm_config(once, []).count("model_name") == 1


def test_items_that_are_indented_get_neighbours_as_far_in() -> None:
    text = litellm_config("model_list:\n    - model_name: gpt\n", [decision()])

    assert '\n    - model_name: "triage"\n      litellm_params:\n' in text


def test_an_empty_file_becomes_a_whole_configuration() -> None:
    assert litellm_config("", [decision()]).startswith("model_list:\n  # suffice: begin")


@pytest.mark.parametrize(
    "existing",
    ["model_list: []\n", 'model_list:\n  - model_name: "triage"\n', "model_list: *all\n"],
)
def test_what_cannot_be_added_to_is_left_alone(existing: str) -> None:
    with pytest.raises(UnfitEdit):
        litellm_config(existing, [decision()])


def test_a_candidate_with_settings_is_not_exported_as_another_one() -> None:
    careful = decision(candidate=f"{OPUS}:effort=low")

    for write in (litellm_config, env_lines):
        with pytest.raises(UnfitEdit, match="carries settings"):
            write("", [careful])
    assert json.loads(model_map([careful]))["models"] == {"triage": f"{OPUS}:effort=low"}


def test_the_model_and_variables_of_settings_are_set_in_place() -> None:
    before = b'{\n  "model": "opus",\n  "env": { "TZ": "UTC" },\n  "hooks": {}\n}\n'

    after = claude_settings(before, {"main": "claude-sonnet-5-5", "haiku": HAIKU})

    assert json.loads(after) == {
        "model": "claude-sonnet-5-5",
        "env": {"TZ": "UTC", "ANTHROPIC_DEFAULT_HAIKU_MODEL": HAIKU},
        "hooks": {},
    }
    assert after.startswith(b'{\n  "model": "claude-sonnet-5-5",\n  "env": { "TZ": "UTC"')
    assert after.endswith(b'},\n  "hooks": {}\n}\n')


@pytest.mark.parametrize("before", [b"", b"{}", b'{"theme":"dark"}', b'{"env":{}}'])
def test_settings_gain_what_they_lack(before: bytes) -> None:
    after = claude_settings(before, {"subagents": HAIKU, "haiku": HAIKU})

    assert json.loads(after)["env"] == {
        "CLAUDE_CODE_SUBAGENT_MODEL": HAIKU,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": HAIKU,
    }
    assert claude_settings(after, {"subagents": HAIKU, "haiku": HAIKU}) == after


@pytest.mark.parametrize("before", [b"[]", b"{", b'"text"', b'{"env": 3}'])
def test_settings_that_are_none_are_left_alone(before: bytes) -> None:
    with pytest.raises(UnfitEdit):
        claude_settings(before, {"haiku": HAIKU})


AGENT = "---\nname: scout\ndescription: Looks around.\nmodel: opus  \ntools: Read\n---\nmodel: no\n"


def test_a_sub_agents_model_is_set_in_its_front_matter_alone() -> None:
    text = agent_file(AGENT, decision("scout"))

    assert text == AGENT.replace("model: opus  ", f"model: {HAIKU}")
    assert agent_file(text, decision("scout")) == text


def test_a_sub_agents_effort_is_set_where_the_candidate_has_one() -> None:
    text = agent_file(AGENT, decision("scout", f"{OPUS}:effort=low"))

    assert f"model: {OPUS}\ntools: Read\neffort: low\n---\n" in text


def test_line_ends_of_another_system_are_kept() -> None:
    text = agent_file("---\r\nname: scout\r\n---\r\nLook.\r\n", decision("scout"))

    assert text == f"---\r\nname: scout\r\nmodel: {HAIKU}\r\n---\r\nLook.\r\n"


def test_a_file_without_front_matter_is_left_alone() -> None:
    with pytest.raises(UnfitEdit):
        agent_file("Look around.\n", decision("scout"))


def test_a_variable_is_replaced_where_it_stands() -> None:
    text = env_lines("A=1\nexport SUFFICE_MODEL_TRIAGE=old\nB=2", [decision(), decision("mail")])

    assert text == (f"A=1\nexport SUFFICE_MODEL_TRIAGE={HAIKU}\nB=2\nSUFFICE_MODEL_MAIL={HAIKU}\n")


def test_two_types_with_one_name_are_refused() -> None:
    with pytest.raises(UnfitEdit, match="would both be SUFFICE_MODEL_A_B"):
        env_lines("", [decision("a-b"), decision("a/b")])


@given(
    names=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True),
    before=st.sampled_from(["", EXISTING, "a: 1\n", "model_list:\n", "a: 1"]),
)
def test_whatever_a_type_is_called_it_is_one_quoted_name(names: list[str], before: str) -> None:
    """
    No name can end the line it stands in, and what was there stays.
    """
    decisions = [decision(name) for name in names if name != "gpt"]

    text = litellm_config(before, decisions)

    found = re.findall(r'^ *- model_name: (".*")$', text, re.MULTILINE)
    assert [json.loads(name) for name in found] == [one.type for one in decisions]
    assert litellm_config(text, decisions) == text


def test_the_effort_of_a_candidate_that_is_taken_back_goes_with_it() -> None:
    low = Decision(type="t", baseline="claude-opus-5-5", candidate="claude-opus-5-5:effort=low")
    back = Decision(type="t", baseline="claude-opus-5-5", candidate="claude-opus-5-5")
    before = "---\nname: t\nmodel: claude-opus-5-5\n---\nLook.\n"

    exported = agent_file(before, low)

    assert agent_model(exported) == "claude-opus-5-5:effort=low"
    assert agent_file(exported, back, instead_of=low.candidate) == before
