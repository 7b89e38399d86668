"""`suffice feedback`: what people thought of one answer."""

from __future__ import annotations

from pathlib import Path

import click

from suffice.cli.rollout_world import Places, placed


@click.command()
@click.argument("request_id")
@click.argument("word", type=click.Choice(["good", "bad"]))
@click.option("--by", default="", metavar="NAME", help="Who says so; kept with it.")
@click.option("--note", default="", metavar="TEXT", help="In their words; kept with it.")
@placed
def command(
    *,
    request_id: str,
    word: str,
    by: str,
    note: str,
    store: Path,
    policy: Path,
    data: Path,
    form: str,
) -> None:
    """
    Say that an answer was good or bad. REQUEST_ID is the answer's `request-id` header.

    The last word on a request holds. The monitor counts it at the model that answered, and takes
    a rollout back where the candidate is disliked more often.
    """
    import msgspec

    from suffice.adapters.storage.rollouts import Rating
    from suffice.cli.rollout_world import now, opened
    from suffice.errors import BadOption

    if not request_id.strip() or len(request_id) > _LONGEST:
        raise BadOption(
            f"{request_id[:40]!r} is no request id.",
            effect="Nothing was kept.",
            next_step="It is the value of the answer's request-id header, such as req_011C...",
        )
    with opened(Places(store, policy, data), write=True) as world:
        rating = Rating(request_id.strip(), now(), good=word == "good", by=by, note=note)
        world.store.rate(rating)
    if form == "json":
        document = {"schema": "suffice.feedback", "version": 1, **rating._asdict()}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        click.echo(f"kept: {rating.request_id} was {word}")


_LONGEST = 200
