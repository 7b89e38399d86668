"""Mail by SMTP: alerts, and the weekly report."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime

from suffice.adapters.alerts.sending import NotDelivered, from_environment
from suffice.records.alert import Alert, EmailTarget, Level
from suffice.reports.untrusted import one_line

_PATIENCE_S = 15.0
_SUBJECT_SIGNS = 150
_TEMPORARY = range(400, 500)
# A start closes what is open of that type too, but is no end of a trouble to its reader.
_OVER = {"rollout.recovered", "rollout.resumed", "rollout.released", "rollout.carried_out"}


class EmailSender:
    """
    Alerts as plain mail.

    Args:
        name: As the settings call it.
        target: The server and the addresses.
        environ: Where the password is.
        trust: Whose certificates are believed; None: the system's.
    """

    kind = "email"

    def __init__(
        self,
        name: str,
        target: EmailTarget,
        environ: Mapping[str, str],
        *,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.level: Level = target.level
        self._target = target
        self._trust = trust
        self._password = (
            from_environment(environ, target.password_env, target=name) if target.user else ""
        )

    def send(self, alert: Alert) -> None:
        """One mail; alerts of one trouble stand in one thread."""
        over = "Over: " if alert.kind in _OVER else ""
        facts = [f"{name}: {one_line(value)}" for name, value in alert.facts.items()]
        text = "\n".join([alert.sentence, "", *facts, "", alert.next_step]).strip() + "\n"
        mail = self._letter(f"{over}{alert.sentence}", text)
        mail["Date"] = format_datetime(alert.at)
        mail["Message-ID"] = f"<{alert.id}@suffice.invalid>"
        if alert.dedup_key:
            mail["References"] = f"<{alert.dedup_key.encode().hex()[:60]}@suffice.invalid>"
        self._deliver(mail)

    def send_report(self, subject: str, *, text: str, html: str) -> None:
        """
        A report: its text, and the same as a page.

        Raises:
            NotDelivered: It was not taken.
        """
        mail = self._letter(subject, text)
        mail.add_alternative(html, subtype="html")
        self._deliver(mail)

    def _letter(self, subject: str, text: str) -> EmailMessage:
        mail = EmailMessage()
        # A header is one line: a name with a line end in it must not become another header.
        mail["Subject"] = one_line(subject)[:_SUBJECT_SIGNS]
        mail["From"] = self._target.sender
        mail["To"] = ", ".join(self._target.to)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        return mail

    def _deliver(self, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                if self._target.user:
                    server.login(self._target.user, self._password)
                server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            again = error.smtp_code in _TEMPORARY
            raise NotDelivered(f"the server said {error.smtp_code}", again=again) from None
        except smtplib.SMTPRecipientsRefused:
            raise NotDelivered("the server refused every recipient", again=False) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"not reached: {type(error).__name__}", again=True) from None

    def _connected(self) -> smtplib.SMTP:
        target, trust = self._target, self._trust or ssl.create_default_context()
        if target.tls == "tls":
            return smtplib.SMTP_SSL(target.host, target.port, timeout=_PATIENCE_S, context=trust)
        server = smtplib.SMTP(target.host, target.port, timeout=_PATIENCE_S)
        if target.tls == "starttls":
            try:
                server.starttls(context=trust)
            except BaseException:
                server.close()
                raise
        return server
