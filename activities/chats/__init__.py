"""Chatbots and their conversations: the flow, the talk, what they capture, where they stand."""
