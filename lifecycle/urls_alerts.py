"""Addresses of alerts, under /alerts/."""

from django.urls import path

from lifecycle.views import alerts, channels, deliveries, rules

urlpatterns = [
    path("", alerts.alert_list, name="alert_list"),
    path("<int:pk>/acknowledge/", alerts.alert_acknowledge, name="alert_acknowledge"),
    path("rules/", rules.rule_list, name="rule_list"),
    path("rules/add/", rules.rule_add, name="rule_add"),
    path("rules/<int:pk>/", rules.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/switch/", rules.rule_switch, name="rule_switch"),
    path("rules/<int:pk>/delete/", rules.rule_delete, name="rule_delete"),
    path("channels/", channels.channel_list, name="channel_list"),
    path("channels/add/<str:kind>/", channels.channel_add, name="channel_add"),
    path("channels/<int:pk>/", channels.channel_edit, name="channel_edit"),
    path("channels/<int:pk>/delete/", channels.channel_delete, name="channel_delete"),
    path("channels/<int:pk>/rotate/", channels.channel_rotate, name="channel_rotate"),
    path("channels/<int:pk>/test/", channels.channel_test, name="channel_test"),
    path("channels/<int:pk>/test/<int:delivery>/", channels.channel_test_state, name="channel_test_state"),
    path("deliveries/", deliveries.delivery_list, name="delivery_list"),
    path("deliveries/<int:pk>/replay/", deliveries.delivery_replay, name="delivery_replay"),
]
