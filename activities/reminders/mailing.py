"""Mails to guests: what is in them, and how one leaves, with an outcome that can be relied on."""

import re
import smtplib
from contextlib import suppress
from email.mime.text import MIMEText
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import smtp

from activities.cleaning import one_line
from activities.ics import invitation
from activities.models import Reminder, ReminderKind
from activities.models.reminder import MAX_WORDS
from activities.reminders.outcomes import Outcome, Result, Unreachable
from activities.reminders.placeholders import fill, manage_link, values_of
from activities.reminders.texts import Text

SMTP = "django.core.mail.backends.smtp.EmailBackend"
MAX_HEADER = 200
#: A reminder says nothing new about the time; the others change the guest's calendar.
WITH_INVITATION = {ReminderKind.CONFIRMATION, ReminderKind.RESCHEDULED, ReminderKind.CANCELED}
NO_ANSWER = "The connection broke after the mail was handed over."
NOT_REACHED = "The mail server could not be reached."


def compose(reminder: Reminder, text: Text, address: str, account: str) -> EmailMessage:
    """The mail as it would be sent now. Its Message-ID is the same in every attempt, so that a
    receiver who gets it twice can drop one."""
    meeting = reminder.meeting
    values = values_of(meeting, account)
    message = EmailMessage(
        subject=header(fill(text.subject, values)),
        body=fill(text.body, values),
        to=[address],
        reply_to=[meeting.host.email],
        headers={"Message-ID": message_id(reminder), "Auto-Submitted": "auto-generated"},
    )
    if reminder.kind in WITH_INVITATION:
        message.attach(_calendar_part(reminder, address))
    return message


def header(text: str) -> str:
    """One line of bounded length: nothing in it begins another header."""
    line = " ".join(one_line(text, len(text)).split())
    return line if len(line) <= MAX_HEADER else line[: MAX_HEADER - 1] + "…"


def message_id(reminder: Reminder) -> str:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{reminder.meeting.public_id}.{reminder.pk}.{reminder.again}@{host}>"


def _calendar_part(reminder: Reminder, address: str) -> MIMEText:
    meeting = reminder.meeting
    file = invitation(meeting, url=manage_link(meeting), to_guest=True, guest=address)
    part = MIMEText(file.decode(), "calendar", "utf-8")
    canceled = reminder.kind == ReminderKind.CANCELED
    part.set_param("method", "CANCEL" if canceled else "REQUEST")
    part.add_header("Content-Disposition", "attachment", filename="meeting.ics")
    return part


class _Watched(smtplib.SMTP):
    """Notes when the content of a mail may have reached the server."""

    handed_over = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.handed_over = True
        try:
            answer = super().data(msg)
        except smtplib.SMTPResponseException:
            self.handed_over = False  # it wanted none of it
            raise
        self.handed_over = False  # it has answered, whatever it said
        return answer


class _WatchedTls(_Watched, smtplib.SMTP_SSL):
    pass


class WatchedBackend(smtp.EmailBackend):
    """Django's SMTP back end over connections that note how far a mail got."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _WatchedTls if self.use_ssl else _Watched


class Mailer:
    """One connection to the mail server for several mails; a context manager."""

    def __init__(self) -> None:
        watched = f"{__name__}.{WatchedBackend.__name__}"
        chosen = watched if settings.EMAIL_BACKEND == SMTP else None
        self.connection: Any = get_connection(chosen)

    def __enter__(self) -> "Mailer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._close()

    def open(self) -> None:
        """Be connected, before anything is begun. Raises Unreachable."""
        try:
            self.connection.open()
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise Unreachable(_reason(error)) from None

    def send(self, message: EmailMessage) -> Outcome:
        """Send one mail. Where the server had hung up before it took anything, once more."""
        outcome = self._try(message)
        if outcome is None:
            try:
                self.open()
            except Unreachable as error:
                return Outcome(Result.LATER, str(error))
            outcome = self._try(message)
        return outcome or Outcome(Result.LATER, NOT_REACHED)

    def _try(self, message: EmailMessage) -> Outcome | None:
        """The outcome; None where the connection was gone before the mail was handed over."""
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPResponseException as error:
            return self._answered(error.smtp_code, _text(error.smtp_error))
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            return self._answered(code, _text(words))
        except (smtplib.SMTPException, OSError) as error:
            lost = self._handed_over()
            self._close()
            if lost:
                return Outcome(Result.UNKNOWN, NO_ANSWER)
            if isinstance(error, smtplib.SMTPServerDisconnected):
                return None
            return Outcome(Result.LATER, _reason(error))
        return Outcome(Result.ACCEPTED)

    def _answered(self, code: int, words: str) -> Outcome:
        """By the first digit of the server's answer; 421 is it hanging up."""
        said = f"{code} {words}".strip()[:MAX_WORDS]
        if code == 421:
            self._close()
        permanent = 500 <= code < 600
        return Outcome(Result.REFUSED if permanent else Result.LATER, said)

    def _handed_over(self) -> bool:
        return bool(getattr(getattr(self.connection, "connection", None), "handed_over", False))

    def _close(self) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self.connection.close()
        if hasattr(self.connection, "connection"):
            self.connection.connection = None


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = f"The mail server refused our sign-in: {error.smtp_code} {_text(error.smtp_error)}"
        return said[:MAX_WORDS]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:MAX_WORDS]
    return NOT_REACHED


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return re.sub(r"\s+", " ", one_line(text, len(text)))
