"""`suffice feedback`: what people thought of one answer."""

from __future__ import annotations

import click

from suffice.cli.rollout_world import Places, placed


@click.command()
@click.argument("request_id")
@click.argument("word", type=click.Choice(["good", "bad"]))
@click.option("--by", default="", metavar="NAME", help="Who says so; kept with it.")
@click.option("--note", default="", metavar="TEXT", help="In their words; kept with it, masked.")
@placed
def command(
    *,
    request_id: str,
    word: str,
    by: str,
    note: str,
    places: Places,
    form: str,
) -> None:
    """
    Say that an answer was good or bad. REQUEST_ID is the answer's `request-id` header.

    The last word on a request holds. The monitor counts it at the model that answered, and takes
    a rollout back where the candidate is disliked more often. An answer the gateway's account does
    not know is refused.
    """
    from suffice.cli.feedback_keeping import Said, keep

    said = Said(request_id.strip(), good=word == "good", by=by, note=note)
    keep(places, said, form=form)
