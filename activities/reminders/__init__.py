"""Messages to the guests of meetings: planned with the meeting, sent once, by mail and SMS."""
