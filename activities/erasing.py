"""Erase personal data, for activities: they stay for reporting, and nothing in them tells of whom."""

from django.db.models import Q, QuerySet

from activities import guest_links
from activities.models import Channel, FormSubmission, Meeting, Reminder, SmsReply
from activities.models.ids import new_nonce
from contacts.erasing import Counts, Eraser, Subject
from contacts.identity import InvalidValue, parse_email

ANONYMOUS = {
    "guest_name": "",
    "guest_email": "",
    "guest_phone": "",
    "guest_mobile_phone": "",
    "guest_company": "",
    "guest_note": "",
    "guest_time_zone": "UTC",
    "guests": [],
    "answers": [],
    "sms_consent": False,
    "last_email": "",
    "last_mobile_phone": "",
    "reason": "",
}


ANONYMOUS_SUBMISSION = {
    "guest_name": "",
    "guest_email": "",
    "guest_mobile_phone": "",
    "guest_company": "",
    "answers": [],
}


def plan(subject: Subject) -> Counts:
    return {
        "meetings": len(meetings_of(subject)),
        "mentions in meetings": len(_mentions(subject)),
        "addresses of messages": _messages(subject).count(),
        "replies to text messages": len(_replies(subject)),
        "form submissions": len(_submissions(subject)),
    }


def erase(subject: Subject) -> Counts:
    """Empty the details of the person's meetings, and take them out of the guests of others'.

    The link that the person has to each of them leads nowhere from now on.
    """
    own, mentions = list(meetings_of(subject)), _mentions(subject)
    replies = SmsReply.objects.filter(pk__in=_replies(subject)).delete()[
        0
    ]  # while it is known whose
    messages = _messages(subject).update(sent_to="", words="")
    Meeting.objects.filter(pk__in=[meeting.pk for meeting in own]).update(**ANONYMOUS)
    for meeting in own:
        nonce = new_nonce()
        Meeting.objects.filter(pk=meeting.pk).update(
            guest_nonce=nonce,
            guest_token_hash=guest_links.digest(guest_links.token_for(nonce)),
            search_text=_without_guest(meeting),
        )
    for meeting in mentions:
        rest = [address for address in meeting.guests if _key(address) not in _emails(subject)]
        Meeting.objects.filter(pk=meeting.pk).update(guests=rest)
    return {
        "meetings": len(own),
        "mentions in meetings": len(mentions),
        "addresses of messages": messages,
        "replies to text messages": replies,
        "form submissions": _empty_submissions(subject),
    }


def _empty_submissions(subject: Subject) -> int:
    rows = _submissions(subject)
    for row in rows:
        for name, value in ANONYMOUS_SUBMISSION.items():
            setattr(row, name, value)
        row.search_text = row.searched
    FormSubmission.objects.bulk_update(rows, [*ANONYMOUS_SUBMISSION, "search_text"], batch_size=300)
    return len(rows)


def _submissions(subject: Subject) -> list[FormSubmission]:
    """What the person sent in, and tests under an address of theirs."""
    emails = [known.value for known in subject.identifiers if known.kind == "email"]
    phones = [known.key for known in subject.identifiers if known.kind == "mobile_phone"]
    tests = Q(is_test=True) & (Q(guest_email__in=emails) | Q(guest_mobile_phone__in=phones))
    return list(FormSubmission.objects.filter(_by(subject) | tests).select_related("form"))


def _without_guest(meeting: Meeting) -> str:
    for name in ("guest_name", "guest_email", "guest_company"):
        setattr(meeting, name, "")
    return meeting.searched


def meetings_of(subject: Subject) -> QuerySet[Meeting]:
    """The meetings of a person."""
    return Meeting.objects.filter(_by(subject))


def _by(subject: Subject) -> Q:
    """By the link to the record, or by the id that it had at the time of the activity."""
    known_as = Q(contact=None, contact_public_id__in=subject.public_ids)
    return known_as if subject.contact_id is None else known_as | Q(contact=subject.contact_id)


def _messages(subject: Subject) -> QuerySet[Reminder]:
    """Those of the person's meetings, and any other that went to an address of theirs."""
    addresses = [known.value for known in subject.identifiers]
    theirs = Q(meeting__in=meetings_of(subject)) | Q(sent_to__in=addresses)
    return Reminder.objects.filter(theirs).exclude(sent_to="")


def _replies(subject: Subject) -> list[int]:
    """STOP and START from the person's numbers, with those that a meeting or message knows."""
    numbers = {known.value for known in subject.identifiers if known.kind == "mobile_phone"}
    own = meetings_of(subject)
    for name in ("guest_mobile_phone", "last_mobile_phone"):
        numbers |= set(own.values_list(name, flat=True))
    texts = Reminder.objects.filter(meeting__in=own, channel=Channel.SMS)
    numbers |= set(texts.values_list("sent_to", flat=True))
    rows = SmsReply.objects.filter(number__in=numbers - {""})
    return list(rows.values_list("pk", flat=True))


def _mentions(subject: Subject) -> list[Meeting]:
    """Meetings of others to which the person was invited as a further guest."""
    emails = _emails(subject)
    named = Q(pk__in=[])
    for known in subject.identifiers:
        if known.kind == "email":
            named |= Q(guests__icontains=known.value)
    rows = Meeting.objects.filter(named).exclude(pk__in=meetings_of(subject).values("pk"))
    return [m for m in rows if any(_key(address) in emails for address in m.guests)]


def _emails(subject: Subject) -> set[str]:
    return {known.key for known in subject.identifiers if known.kind == "email"}


def _key(address: str) -> str:
    try:
        return parse_email(address).key
    except InvalidValue:
        return ""


ERASER = Eraser(plan=plan, erase=erase)
