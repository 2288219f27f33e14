"""What .ci/run has on one database only, so that it stays within its minutes.

`make test` has all of it on either. Here stand the files in which the database makes no difference:
what pages say and who may open them, how other systems are talked to, merges put back step by step;
and what strangers may send, which PostgreSQL is the stricter one about.
"""

ON_EMBEDDED = (
    "activities/inbound/test_webhooks.py",
    "activities/reminders/test_pages.py",
    "activities/routing/test_editor.py",
    "activities/test_booking_page.py",
    "activities/test_chatbot_pages.py",
    "activities/test_guest_pages.py",
    "activities/test_host_pages.py",
    "contacts/people/test_lockout.py",
    "contacts/people/test_settings_pages.py",
    "contacts/test_erase_pages.py",
    "contacts/test_merge_pages.py",
    "contacts/test_queue_access.py",
    "contacts/test_undo_pages.py",
    "contacts/test_unmerging_exact.py",
    "integrations/crm/test_bad_input.py",
    "integrations/crm/test_exchanges.py",
    "integrations/crm/test_pages.py",
    "integrations/crm/test_salesforce_pages.py",
    "integrations/crm/test_told.py",
    "integrations/test_calendar_events.py",
    "integrations/test_exchange_ews.py",
    "integrations/test_exchange_faults.py",
    "integrations/test_exchange_server.py",
    "integrations/test_integrations_page.py",
    "integrations/test_sync_helps.py",
    "integrations/test_sync_page.py",
    "integrations/zapier/",
)
ON_SERVER = (
    "activities/api/",
    "activities/test_hostile_answers.py",
    "contacts/api/test_document.py",
    "integrations/api/",
    "integrations/test_preview_and_effects.py",
)
