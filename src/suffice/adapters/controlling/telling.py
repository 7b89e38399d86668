"""People told of what happened: every event once at every place, whoever is killed meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from suffice.adapters.alerts.delivery import Delivery, Dispatcher
from suffice.adapters.alerts.sending import wants
from suffice.adapters.storage.rollouts import Rollouts
from suffice.reports.alerting import alert_of

_CURSOR = "told_up_to"
_STALE = timedelta(days=1)


def tell(store: Rollouts, dispatcher: Dispatcher, now: datetime) -> list[Delivery]:
    """
    Tell every place of the events it has not been told of.

    Whoever is killed after sending and before noting it sends it once more, under the same id.
    What is older than a day is told to nobody: it is in the event log, and no news.

    Args:
        store: Where events and what was told are kept.
        dispatcher: The places. What cannot be delivered is kept as a dead letter.
        now: The time.

    Raises:
        StorageError: The store cannot be read or written, or a dead letter not be kept.
    """
    told_up_to = int(store.noted("", _CURSOR) or 0)
    found: list[Delivery] = []
    events = store.events(after=told_up_to)
    for happened in events:
        alert = alert_of(happened.event, event_id=happened.id, number=happened.number)
        if alert is None or now - alert.at > _STALE:
            continue
        for sender in dispatcher.senders:
            if not wants(sender, alert) or store.told(alert.id, sender.name):
                continue
            delivery = dispatcher.deliver_to(sender, alert)
            store.note_told(alert.id, sender.name, at=now, delivered=delivery.delivered)
            found.append(delivery)
    if events:
        store.note("", _CURSOR, str(events[-1].id), at=now)
    return found
