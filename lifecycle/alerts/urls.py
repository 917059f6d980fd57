"""URLs of alerts, under /alerts/."""

from django.urls import path

from lifecycle.alerts.actions import views as action_views
from lifecycle.alerts.channels import views as channel_views
from lifecycle.alerts.episodes import views as episode_views
from lifecycle.alerts.episodes.listing import views as listing_views
from lifecycle.alerts.episodes.listing.history import views as history_views
from lifecycle.alerts.episodes.listing.several import views as several_views
from lifecycle.alerts.explain import views as explain_views
from lifecycle.alerts.explain.noise import views as noise_views
from lifecycle.alerts.outbox import views as outbox_views
from lifecycle.alerts.rules import views as rule_views
from lifecycle.alerts.silences import views as silence_views
from lifecycle.alerts.windows import views as window_views

urlpatterns = [
    path("", episode_views.alert_list, name="alert_list"),
    path("history/", history_views.alert_history, name="alert_history"),
    path("history.csv", history_views.alert_history_csv, name="alert_history_csv"),
    path("notices/", listing_views.alert_notices, name="alert_notices"),
    path("notices/new/", listing_views.alert_notices_new, name="alert_notices_new"),
    path("act/", several_views.alerts_act, name="alerts_act"),
    path("<int:pk>/acknowledge/", episode_views.alert_acknowledge, name="alert_acknowledge"),
    path("<int:pk>/", episode_views.alert_detail, name="alert_detail"),
    path("<int:pk>/note/", episode_views.alert_note, name="alert_note"),
    path("act/<str:token>/", action_views.alert_act, name="alert_act"),
    path("<int:pk>/snooze/", silence_views.alert_snooze, name="alert_snooze"),
    path("noise/", noise_views.noise_report, name="noise_report"),
    path("why/<str:name>/", explain_views.why_not, name="why_not"),
    path("silences/", silence_views.silence_list, name="silence_list"),
    path("silences/add/", silence_views.silence_add, name="silence_add"),
    path("silences/<int:pk>/", silence_views.silence_edit, name="silence_edit"),
    path("silences/<int:pk>/end/", silence_views.silence_end, name="silence_end"),
    path("maintenance/", window_views.window_list, name="window_list"),
    path("maintenance/add/", window_views.window_add, name="window_add"),
    path("maintenance/<int:pk>/", window_views.window_edit, name="window_edit"),
    path("maintenance/<int:pk>/end/", window_views.window_end, name="window_end"),
    path("maintenance/<int:pk>/delete/", window_views.window_delete, name="window_delete"),
    path("rules/", rule_views.rule_list, name="rule_list"),
    path("rules/add/", rule_views.rule_add, name="rule_add"),
    path("rules/forecast/", explain_views.rule_forecast, name="rule_forecast"),
    path("rules/backtest/", explain_views.rule_backtest, name="rule_backtest"),
    path("rules/backtest/stop/", explain_views.rule_backtest_stop, name="rule_backtest_stop"),
    path("rules/<int:pk>/", rule_views.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/switch/", rule_views.rule_switch, name="rule_switch"),
    path("rules/<int:pk>/delete/", rule_views.rule_delete, name="rule_delete"),
    path("channels/", channel_views.channel_list, name="channel_list"),
    path("channels/add/", channel_views.channel_kinds, name="channel_kinds"),
    path("channels/add/<str:kind>/", channel_views.channel_add, name="channel_add"),
    path("channels/<int:pk>/", channel_views.channel_edit, name="channel_edit"),
    path("channels/<int:pk>/delete/", channel_views.channel_delete, name="channel_delete"),
    path("channels/<int:pk>/rotate/", channel_views.channel_rotate, name="channel_rotate"),
    path("channels/<int:pk>/test/", channel_views.channel_test, name="channel_test"),
    path(
        "channels/<int:pk>/test/<int:delivery>/", channel_views.channel_test_state, name="channel_test_state"
    ),
    path("deliveries/", outbox_views.delivery_list, name="delivery_list"),
    path("deliveries/<int:pk>/", outbox_views.delivery_detail, name="delivery_detail"),
    path("deliveries/<int:pk>/replay/", outbox_views.delivery_replay, name="delivery_replay"),
]
