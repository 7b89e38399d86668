"""
Real models' recorded answers as live traffic: gateway, monitor and shadow calls are real processes.

One half of the cases gives the verdicts; the other half, which no verdict has seen, is the
traffic: its questions are drawn by seed, with replacement, each a session of its own, and asked
by the provider's own client. The upstream says what the model of that name once said. Only ids,
counts and grades are asserted here. Stages need 10 pairs instead of 150, so that it is cheap;
`-m large` replays every type with a user's own plan.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import logging
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.policies import PolicyFiles
from suffice.adapters.storage.rollouts import Happened
from suffice.cli import main
from suffice.cli.demo_live_folder import LiveFolder
from suffice.policy.assignment import conversation_number, is_under
from suffice.records import Case
from suffice.scoring import scorer_named
from suffice.testing import serve, strict_fake
from suffice.testing.arrivals import Arrivals, Converse
from suffice.testing.live_world import when
from suffice.testing.recorded_world import RecordedWorld, said
from suffice.traffic import CaseReader, Fields

_LOG = logging.getLogger(__name__)

OPUS, HAIKU = "claude-3-opus-20240229", "claude-3-haiku-20240307"
SONNET, NEWER_HAIKU = "claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022"
KEY = b"recorded answers, asked again..."

# The client warns that the models have retired, and they have.
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


class Workload(NamedTuple):
    """
    A file of recorded answers, and the models that are compared by it.

    Attributes:
        file: Its name, without its ending.
        types: What its request types are called: ``{task}`` is a row's own task; empty: as
            `suffice scan` calls them, which callers need not say.
        grades: Where the grades stand; empty: the reference is the right answer's words.
    """

    file: str
    types: str
    baseline: str
    candidate: str
    grades: str = "meta.correct"


CALLS = Workload("bfcl", "{task}", OPUS, HAIKU)
SUMS = Workload("zeroeval_gsm", "", OPUS, SONNET)
LARGE = (
    CALLS,
    SUMS,
    Workload("zeroeval_gsm", "sums-opus-haiku-3-5", OPUS, NEWER_HAIKU),
    Workload("zeroeval_gsm", "sums-sonnet-haiku-3-5", SONNET, NEWER_HAIKU),
    Workload("zeroeval_gsm", "sums-opus-haiku-3", OPUS, HAIKU),
    Workload("zeroeval_crux", "code-opus-sonnet-3-5", OPUS, SONNET),
    Workload("zeroeval_crux", "code-opus-haiku-3-5", OPUS, NEWER_HAIKU),
    Workload("zeroeval_crux", "code-sonnet-haiku-3-5", SONNET, NEWER_HAIKU),
    Workload(
        "vectara_summaries",
        "summaries",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5-20251001",
        "meta.hhem>=0.5",
    ),
    Workload("local_llm_intents", "{task}", "qwen2.5-coder-1.5b", "gemma-3-270m", ""),
)


class Answered(NamedTuple):
    """What a caller was told: of which type, by whom, under which policy, in which words."""

    case: Case
    session: str
    type: str
    request_id: str
    model: str
    policy: str
    content: list[dict[str, Any]]


class Figures(NamedTuple):
    """
    What became of a type.

    Attributes:
        pairs: Scored shadow pairs.
        agreed: The sum of their scores.
        p_ok: The agreement that was held to be fine.
        requests: Answered.
        by_candidate: Of those, by the candidate.
        worse: Of those, such as were graded wrong where the baseline's answer was right.
        better: The other way round.
    """

    type: str
    state: str
    pairs: int
    agreed: float
    p_ok: float
    requests: int
    by_candidate: int
    worse: int
    better: int


def _exchange(row: dict[str, Any], model: str) -> dict[str, Any]:
    """A row as a log has it: what was asked, and what one model answered."""
    return {
        "request": {"model": model, "max_tokens": 4_096, "messages": row["prompt"]},
        "response": {
            "id": row["id"],
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": row["outputs"][model]}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 300, "output_tokens": 100},
        },
    }


_ENCODE = msgspec.json.Encoder().encode


class Replayed(LiveFolder):
    """
    Recorded answers behind real processes.

    Attributes:
        verdicts: By type.
        unseen: By type, the cases no verdict has seen.
        models: By type, baseline and candidate.
        answered: Everything callers were told.
        errors: What they saw instead of an answer.
        mix: The types they ask questions of, in turn; may change while they do.
        learnt: The type nobody names, since it was learnt from a log.
    """

    def __init__(self, folder: Path, data: Path, *workloads: Workload) -> None:
        super().__init__(folder, assignment_key=KEY)
        self.verdicts: dict[str, str] = {}
        self.unseen: dict[str, list[Case]] = defaultdict(list)
        self.models: dict[str, tuple[str, str]] = {}
        self.answered: list[Answered] = []
        self.errors: list[str] = []
        self.mix: tuple[str, ...] = ()
        self.learnt = ""
        for workload in workloads:
            self._decide(workload, data)
        self._world = RecordedWorld(case for cases in self.unseen.values() for case in cases)

    def suffice(self, *words: str) -> Result:
        """Call `suffice ...` in the folder."""
        with contextlib.chdir(self.folder):
            return CliRunner().invoke(main, words)

    def _decide(self, workload: Workload, data: Path) -> None:
        """Compare one half of a file, and keep the other for the traffic."""
        halves: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
        with gzip.open(data / f"{workload.file}.jsonl.gz") as lines:
            for row in map(json.loads, lines):
                digest = hashlib.blake2b(row["id"].encode(), digest_size=1).digest()
                halves[digest[0] % 2].append(row)
        name = workload.types or self._scanned(halves[0], workload.baseline)
        judged, unseen = (
            [{**row, "type": name.format(task=row["task"].rpartition("/")[2])} for row in half]
            for half in halves
        )
        path = self.folder / f"{len(self.models)}.jsonl"
        path.write_bytes(b"\n".join(map(_ENCODE, judged)))
        models = ("--baseline", workload.baseline, "--to", workload.candidate)
        graded = ("--outcomes-field", workload.grades, "--margin", "3")
        found = self.suffice(
            "compare", str(path), "--recorded", *models, *graded, "--format", "json"
        )
        for verdict in json.loads(found.stdout)["types"]:
            self.verdicts[verdict["type"]] = verdict["verdict"]
            self.models[verdict["type"]] = workload.baseline, workload.candidate
        for case in CaseReader(Fields(outcomes=workload.grades)).read(map(_ENCODE, unseen)):
            assert isinstance(case, Case)
            self.unseen[case.type].append(case)

    def _scanned(self, rows: list[dict[str, Any]], model: str) -> str:
        """Learn a type from a log of what was asked so far; what it is called."""
        log = self.folder / "log.jsonl"
        log.write_bytes(b"\n".join(_ENCODE(_exchange(row, model)) for row in rows))
        done = self.suffice("scan", str(log))
        assert done.exit_code == 0, done.output
        [found] = json.loads(self.suffice("types", "--format", "json").stdout)["types"]
        self.learnt = str(found["type"])
        return self.learnt

    def start(self, request_type: str, *options: str) -> Result:
        """Start a rollout, as a person would."""
        to = ("--to", self.models[request_type][1], "--by", "Ada")
        return self.suffice("rollout", "start", request_type, *to, *options, *self.options)

    def state(self, request_type: str) -> str:
        """Where a rollout stands."""
        return self.kept(request_type).rollout.state.value

    @contextlib.contextmanager
    def asked(self, *mix: str, per_second: float) -> Iterator[None]:
        """Callers before a gateway, who ask questions of these types in turn."""
        self.mix = mix
        fake = strict_fake(answers=self._world.answer, models=self._world.models)
        with (
            serve(fake) as upstream,
            self.gateway_to(upstream) as address,
            Arrivals(partial(self._callers, address), per_second=per_second, at_once=16),
        ):
            yield

    @asynccontextmanager
    async def _callers(self, address: str) -> AsyncIterator[Converse]:
        async with anthropic.AsyncAnthropic(
            api_key="sk-recorded", base_url=address, max_retries=0
        ) as client:
            yield partial(self._ask, client)

    async def _ask(self, client: anthropic.AsyncAnthropic, number: int) -> None:
        request_type = self.mix[number % len(self.mix)]
        case = random.Random(number).choice(self.unseen[request_type])
        body: Any = {"model": self.models[request_type][0], **self._world.request(case)}
        session = f"session-{number}"
        told = {"x-suffice-session": session}
        if request_type != self.learnt:
            if number % 2:
                told["x-suffice-type"] = request_type
            else:
                body["metadata"] = {"suffice_type": request_type}
        try:
            raw = await client.messages.with_raw_response.create(**body, extra_headers=told)
        except anthropic.APIError as error:
            self.errors.append(str(error))
            return
        message = json.loads(raw.http_response.content)
        self.answered.append(
            Answered(
                case=case,
                session=session,
                type=raw.headers["x-suffice-type"],
                request_id=raw.headers["request-id"],
                model=message["model"],
                policy=raw.headers.get("x-suffice-policy", ""),
                content=message["content"],
            )
        )

    def model_by_policy(self, one: Answered) -> str:
        """Who had to answer, worked out from the version of the policy the answer names."""
        name = one.case.type
        policy = PolicyFiles(self.places.policy).version(int(one.policy or 0))
        rule = policy.types.get(name)
        if rule is None or rule.candidate is None:
            return self.models[name][0]
        number = conversation_number(KEY, type=name, parts=(b"session", one.session.encode()))
        return rule.candidate if is_under(number, rule.share) else rule.baseline

    def event_of(self, one: Answered) -> Happened:
        """What put a type where it stood in the version of the policy that an answer names."""
        made = {found.event.policy_version or 0: found for found in reversed(self.events(one.type))}
        return made[max(version for version in made if version <= int(one.policy))]

    def figures(self, request_type: str) -> Figures:
        """What became of a type, in numbers; shown by `--log-cli-level=INFO`."""
        rollout = self.kept(request_type).rollout
        baseline, candidate = self.models[request_type]
        scores = [pair.score for pair in self.pairs(request_type) if pair.score is not None]
        asked = [one for one in self.answered if one.case.type == request_type]
        graded = [
            (grade(one.case, baseline), grade(one.case, candidate))
            for one in asked
            if one.model == candidate
        ]
        found = Figures(
            type=request_type,
            state=rollout.state.value,
            pairs=len(scores),
            agreed=round(sum(scores), 2),
            p_ok=round(rollout.watch.p_ok, 4),
            requests=len(asked),
            by_candidate=len(graded),
            worse=sum(mine < others for others, mine in graded),
            better=sum(mine > others for others, mine in graded),
        )
        _LOG.info("%s", found)
        return found


def grade(case: Case, model: str) -> float:
    """Whether a model was right, as somebody graded it, or else by the reference."""
    if case.outcomes:
        return case.outcomes[model]
    return float(case.answers[model].text.strip() == case.reference)


# The sums are called as they are learnt from a log: of one prompt, which is none.
SUM = "without-a-prompt"
RAMPS = {"simple": "tool_call", SUM: "number"}
OVERRULED, REFUSED = "parallel_function", ("relevance", "java")


@pytest.fixture(scope="module")
def lived(recorded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Two proven types and one against its verdict, from their start to their end."""
    live = Replayed(tmp_path_factory.mktemp("replayed"), recorded_data, CALLS, SUMS)
    for name in RAMPS:
        done = live.start(name, "--pairs", "10")
        assert done.exit_code == 0, done.output
    done = live.start(OVERRULED, "--override", "--reason", "it looked fine to me")
    assert done.exit_code == 0, done.output
    # Half of the sessions with tools wait for a second step, which these never make.
    mix = ("simple", SUM, "simple", OVERRULED, "simple", "simple", *REFUSED)
    with live.asked(*mix, per_second=300):
        assert when(lambda: {live.state(name) for name in RAMPS} == {"done"}, within_s=200)
        assert when(lambda: live.state(OVERRULED) == "rolled_back", within_s=30)
    return live


def test_what_its_verdict_does_not_carry_is_refused(lived: Replayed) -> None:
    """Of twelve kinds of tool calls one may be moved, and the sums may."""
    proven = {name for name, verdict in lived.verdicts.items() if verdict == "switch"}
    assert proven == set(RAMPS)

    for name in lived.verdicts.keys() - proven - {OVERRULED}:
        refused = lived.start(name)
        assert (refused.exit_code, "SF404" in refused.stderr) == (2, True), name

    assert {one.model for one in lived.answered if one.case.type in REFUSED} == {OPUS}


@pytest.mark.parametrize("name", RAMPS)
def test_what_is_proven_ramps_through_its_stages_and_is_graded_as_well_as_before(
    lived: Replayed, name: str
) -> None:
    found = lived.figures(name)

    # So few pairs end a stage here that it may be held for a moment.
    told = [one.event.kind for one in lived.events(name) if one.event.kind != "held"]
    assert told == ["started", "advanced", "advanced", "done"]
    assert found.pairs >= 30
    # The verdict's own margin, on cases it has not seen.
    assert found.worse - found.better <= 0.03 * found.by_candidate


@pytest.mark.parametrize(("name", "scorer"), RAMPS.items())
def test_a_pair_has_the_score_of_the_types_own_scorer(
    lived: Replayed, name: str, scorer: str
) -> None:
    cases = {one.request_id: one.case for one in lived.answered}
    baseline, candidate = lived.models[name]

    pairs = lived.pairs(name)

    assert all(pair.served_by == "candidate" for pair in pairs)
    for pair in pairs:
        answers = cases[pair.request_id].answers
        score = scorer_named(scorer).score(
            answers[candidate], answers[baseline], case=cases[pair.request_id]
        )
        assert pair.score == score.value


def test_who_overrules_a_keep_is_taken_back_within_few_answers(lived: Replayed) -> None:
    assert lived.verdicts[OVERRULED] == "keep"

    found = lived.figures(OVERRULED)

    assert [one.event.kind for one in lived.events(OVERRULED)] == ["started", "rolled_back"]
    assert found.pairs <= 75
    assert found.worse <= 75
    assert found.by_candidate < 0.1 * found.requests
    again = lived.start(OVERRULED, "--override", "--reason", "it still looks fine to me")
    assert (again.exit_code, "SF406" in again.stderr) == (2, True)


def test_no_caller_sees_an_error_and_each_gets_the_recorded_words_of_the_policys_model(
    lived: Replayed,
) -> None:
    assert lived.errors == []
    assert len(lived.answered) > 1_000

    assert lived.learnt == SUM
    for one in lived.answered:
        assert one.type == one.case.type
        assert one.model == lived.model_by_policy(one)
        assert without_ids(one.content) == list(said(one.case.answers[one.model]))


def without_ids(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Content blocks as they were recorded: nobody kept the ids of tool calls."""
    return [{name: value for name, value in block.items() if name != "id"} for block in content]


def test_a_served_answer_is_explained_down_to_its_run(lived: Replayed) -> None:
    moved = [one for one in lived.answered if one.model == HAIKU and one.case.type == "simple"]
    for one in (moved[0], moved[-1]):
        run = lived.kept("simple").rollout.basis.run

        explained = lived.suffice("explain", one.request_id, *lived.options)

        assert explained.exit_code == 0
        event = f"event {lived.event_of(one).id} "
        chain = (one.request_id, f"policy {one.policy} ", event, f"run {run}")
        places = [explained.stdout.find(word) for word in chain]
        assert places == sorted(places)
        assert places[0] >= 0


@pytest.mark.large
def test_at_full_size_every_type_ramps_or_is_refused_as_its_verdict_says(
    recorded_data: Path, tmp_path: Path
) -> None:
    """The default plan, 150 pairs a stage; each Keep is overruled, and taken back. Minutes."""
    live = Replayed(tmp_path, recorded_data, *LARGE)
    ramps = {name for name, word in live.verdicts.items() if word == "switch"}
    kept = {name for name, word in live.verdicts.items() if word == "keep"}
    # Graded by a judge of its own; of such texts nothing of ours can say whether they agree.
    unscorable = {"summaries"}
    started = {name: live.start(name) for name in live.verdicts}
    assert {name for name, done in started.items() if done.exit_code == 0} == ramps
    assert all("SF404" in started[name].stderr for name in started.keys() - ramps)
    for name in kept:
        live.start(name, "--override", "--reason", "it looked fine to me")
    ends = dict.fromkeys(ramps, "done") | dict.fromkeys(kept, "rolled_back")
    ends |= dict.fromkeys(unscorable, "degraded")
    everybody = tuple(live.verdicts)

    def settled() -> bool:
        # Those that are not there yet are asked more often, so that nobody waits for them.
        open_ = tuple(name for name in ends if live.state(name) != ends[name])
        live.mix = (*open_ * 8, *everybody)
        return not open_

    with live.asked(*everybody, per_second=350):
        assert when(settled, within_s=900, every_s=2)

    for name in ends:
        live.figures(name)
    assert live.errors == []
    for one in live.answered:
        assert one.model == live.model_by_policy(one)
        assert without_ids(one.content) == list(said(one.case.answers[one.model]))
