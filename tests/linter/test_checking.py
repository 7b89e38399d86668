"""Model calls in source are found and held against what their models take, without running them."""

from __future__ import annotations

import ast
import textwrap
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suffice.catalog import load_catalog
from suffice.linter import Checked, check_source, rules
from suffice.linter.checking import Against

TODAY = date(2026, 11, 22)


def check(source: str, *, version: str = "2026-10-21") -> Checked:
    against = Against(catalog=load_catalog(), today=TODAY, version=version)
    return check_source(textwrap.dedent(source), path="app.py", against=against)


def codes(source: str, *, version: str = "2026-10-21") -> list[str]:
    return [finding.code for finding in check(source, version=version).findings]


def call(arguments: str) -> str:
    return f"m = client.messages.create({arguments}, messages=[])"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("model='claude-haiku-4-5', max_tokens=64_001", ["SL01"]),
        ("model='claude-haiku-4-5', max_tokens=64_000", []),
        ("model='claude-opus-5-5', max_tokens=64_001", []),
        ("model='claude-opus-5-5', max_tokens=900, temperature=1", ["SL02"]),
        ("model='claude-haiku-4-5', max_tokens=9_000, thinking={'type': 'adaptive'}", ["SL02"]),
        ("model='claude-3-5-sonnet-20241022', max_tokens=900", ["SL06"]),
        ("model='claude-sonnet-4-5', max_tokens=900", ["SL07"]),
        ("model='claude-haiku-99', max_tokens=900", ["SL08"]),
        ("model='eu.anthropic.claude-haiku-4-5-v1:0', max_tokens=900", []),
        ("model=chosen_elsewhere, max_tokens=10_000_000", []),
    ],
)
def test_a_call_is_held_against_its_own_model(arguments: str, expected: list[str]) -> None:
    assert codes(call(arguments)) == expected


def test_sampling_is_fine_under_the_older_version_of_the_api() -> None:
    source = call("model='claude-haiku-4-5', max_tokens=900, temperature=0.2")
    assert codes(source) == ["SL02"]
    assert codes(source, version="2023-06-01") == []


def test_a_models_name_is_followed_to_where_it_is_written() -> None:
    found = check("""
        BASE = dict(model="claude-haiku-4-5", max_tokens=100_000)
        def ask(text, *, client):
            extra = {"system": "Summarize the text."}
            return client.messages.create(**BASE, **extra, messages=[{"role": "user", "content": text}])
    """)
    [one] = found.calls
    assert (one.model, one.task, one.line) == ("claude-haiku-4-5", "summary", 5)
    assert [finding.code for finding in found.findings] == ["SL01"]


def test_a_name_that_is_bound_twice_is_not_believed() -> None:
    assert (
        codes("""
        model = "claude-haiku-4-5"
        if big:
            model = "claude-opus-5-5"
        client.messages.create(model=model, max_tokens=100_000, messages=[])
    """)
        == []
    )


def test_a_parameter_hides_the_constant_of_the_same_name() -> None:
    assert (
        codes("""
        MODEL = "claude-haiku-4-5"
        def ask(MODEL):
            client.messages.create(model=MODEL, max_tokens=100_000, messages=[])
    """)
        == []
    )


@pytest.mark.parametrize(
    "used",
    [
        "print(m.content[0].text)",
        "t = m.content[0].text.strip()",
        "first = m.content[0].text\nreturned = first",
    ],
)
def test_the_first_block_is_not_the_text_while_the_model_thinks(used: str) -> None:
    assert codes(call("model='claude-haiku-5-5', max_tokens=9_000") + f"\n{used}") == ["SL03"]
    off = "model='claude-haiku-5-5', max_tokens=9_000, thinking={'type': 'disabled'}"
    assert codes(call(off) + f"\n{used}") == []
    assert codes(call("model='claude-haiku-4-5', max_tokens=9_000") + f"\n{used}") == []


def test_only_the_answer_that_thinks_is_blamed() -> None:
    assert (
        codes("""
        def one():
            m = client.messages.create(model="claude-haiku-5-5", max_tokens=9_000, messages=[])
            return [block.text for block in m.content if block.type == "text"]
        def other(m):
            return m.content[0].text
    """)
        == []
    )


def test_json_is_parsed_that_nothing_guarantees() -> None:
    plain = call("model='claude-haiku-4-5', max_tokens=9_000")
    used = "\nimport json\nt = m.content[0].text\ndata = json.loads(t)"
    assert codes(plain + used) == ["SL04"]
    schema = "model='claude-haiku-4-5', max_tokens=9_000, output_config={'format': schema}"
    assert codes(call(schema) + used) == []
    assert codes(plain + "\nimport json\ndata = json.loads(open('x').read())") == []


def test_json_out_of_an_openai_call_counts_too() -> None:
    source = """
        import json
        from openai import OpenAI
        r = OpenAI().chat.completions.create(model="gpt-x", messages=[])
        data = json.loads(r.choices[0].message.content)
    """
    assert codes(source) == ["SL04"]
    with_format = source.replace("messages=[]", "messages=[], response_format={'type': 'x'}")
    assert codes(with_format) == []


@pytest.mark.parametrize(
    "source",
    [
        """
        client.messages.create(
            model='claude-haiku-5-5', max_tokens=9_000, messages=m, system='A friendly companion.'
        )
        """,
        """
        def run():
            while True:
                q = input()
                client.messages.create(model='claude-haiku-5-5', max_tokens=9_000, messages=[q])
        """,
        """
        @app.post('/chat')
        async def chat(q):
            await client.messages.create(model='claude-haiku-5-5', max_tokens=9_000, messages=[q])
        """,
    ],
)
def test_a_small_model_that_talks_to_people_is_told_with_its_reason(source: str) -> None:
    assert codes(source) == ["SL05"]
    assert codes(source.replace("claude-haiku-5-5", "claude-opus-5-5")) == []


def test_a_key_in_the_source_is_found_and_never_repeated() -> None:
    key = "sk-ant-api03-" + "a1B2c3D4" * 4
    [found] = check(f"client = Anthropic(api_key={key!r})").findings
    assert found.code == "SL09"
    assert key not in repr(found)


def test_a_short_answer_whose_end_nobody_looks_at() -> None:
    short = call("model='claude-haiku-4-5', max_tokens=50")
    assert codes(short + "\nprint(m.content[0].text)") == ["SL10"]
    assert codes(short + "\nprint(m.content[0].text, m.stop_reason)") == []


def test_what_is_known_can_be_accepted_where_it_stands() -> None:
    plain = call("model='claude-haiku-99', max_tokens=900")
    assert codes(f"{plain}  # suffice: ignore") == []
    assert codes(f"{plain}  # suffice: ignore[SL08]") == []
    assert codes(f"{plain}  # suffice: ignore[SL01]") == ["SL08"]


def test_methods_of_the_same_name_elsewhere_are_none_of_ours() -> None:
    assert check("client.completions.create(name='x')\nqueue.messages.create('hi')").calls == ()


def test_a_file_that_is_no_python_is_said_to_be_none() -> None:
    assert check("def (:").broken.startswith("line 1: ")


def test_every_rule_has_its_page() -> None:
    for code, rule in rules().items():
        assert code.startswith("SL")
        assert rule.cause.endswith(".")
        assert rule.fix


@given(st.text(max_size=200))
def test_no_text_brings_it_down(source: str) -> None:
    assert check(source).calls == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(["messages", "thinking", "system", "tools", "output_config", "tool_choice"]),
)
def test_no_argument_brings_it_down(value: object, name: str) -> None:
    source = f"client.messages.create(model='claude-haiku-5-5', max_tokens=9, {name}={value!r})"
    try:
        ast.parse(source)
    except SyntaxError:
        return
    assert len(check(source.replace("nan", "0").replace("inf", "0")).calls) == 1
