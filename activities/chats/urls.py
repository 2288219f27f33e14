"""Addresses of chatbots: the widget's, the page without script, and those of the people here."""

from django.urls import path

from activities.views import chat, chat_exports, chat_page, chatbots, chats

urlpatterns = [
    path("chat/<str:slug>/", chat_page.chat_page, name="chat_page"),
    path("chat/<str:slug>/start/", chat.chat_start, name="chat_start"),
    path("chat/<str:slug>/answer/", chat.chat_answer, name="chat_answer"),
    path("chat/<str:slug>/resume/", chat.chat_resume, name="chat_resume"),
    path("chat/<str:slug>/<str:token>/", chat_page.chat_talk, name="chat_talk"),
    path("demo/site/", chat_page.demo_site, name="demo_site"),
    path("activities/chats/", chats.chat_list, name="chat_list"),
    path("activities/chats/export/", chat_exports.chat_export, name="chat_export"),
    path("activities/chats/<str:public_id>/", chats.chat_detail, name="chat_detail"),
    path("settings/chatbots/", chatbots.chatbot_list, name="chatbot_list"),
    path("settings/chatbots/new/", chatbots.chatbot_new, name="chatbot_new"),
    path("settings/chatbots/<str:public_id>/", chatbots.chatbot_edit, name="chatbot_edit"),
    path("settings/chatbots/<str:public_id>/test/", chatbots.chatbot_test, name="chatbot_test"),
    path("settings/chatbots/<str:public_id>/state/", chatbots.chatbot_state, name="chatbot_state"),
]
