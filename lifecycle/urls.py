"""URLs of the lifecycle's pages; those of alerts are in `lifecycle/alerts/urls.py`."""

from django.urls import path

from lifecycle.dependencies import views as dependency_views
from lifecycle.logs import views as log_views
from lifecycle.monitoring.calls import views as call_views
from lifecycle.monitoring.charts import views as chart_views
from lifecycle.monitoring.events import views as event_views
from lifecycle.monitoring.overview import views as overview_views
from lifecycle.monitoring.settings import views as monitoring_views
from lifecycle.monitoring.uptime import views as uptime_views
from lifecycle.monitoring.uptime.slo import views as slo_views
from lifecycle.monitoring.uptime.statuspages import views as statuspage_views
from lifecycle.monitoring.uptime.statuspages.public import views as public_views
from lifecycle.operations.bulk import views as bulk_views
from lifecycle.operations.trials import views as trial_views
from lifecycle.pages import views as page_views
from lifecycle.pages.about import views as about_views
from lifecycle.pages.help import views as help_views
from lifecycle.pages.palette import views as palette_views
from lifecycle.policies import views as policy_views
from lifecycle.services.bar import views as bar_views
from lifecycle.services.listing.saved import views as saved_views
from lifecycle.services.views import service, services, state
from lifecycle.signin import views as signin_views
from lifecycle.tools import views as tool_views
from lifecycle.tools.answers import views as answer_views
from lifecycle.tools.contracts import views as contract_views
from lifecycle.tools.playground import views as playground_views
from lifecycle.tools.search import views as tool_search_views
from lifecycle.workers import views as worker_views
from lifecycle.workers.queue import views as queue_views

urlpatterns = [
    path("", overview_views.overview, name="overview"),
    path("overview/charts.json", chart_views.overview_charts, name="overview_charts"),
    path("services/<str:name>/charts.json", chart_views.service_charts, name="service_charts"),
    path("overview/charts/", chart_views.overview_pictures, name="overview_pictures"),
    path("services/<str:name>/charts/", chart_views.service_pictures, name="service_pictures"),
    path("services/", services.service_list, name="service_list"),
    path("services/<str:name>/", service.service_detail, name="service_detail"),
    path("views/", saved_views.view_list, name="view_list"),
    path("views/menu/", saved_views.view_menu, name="view_menu"),
    path("views/save/", saved_views.view_save, name="view_save"),
    path("views/<int:pk>/", saved_views.view_change, name="view_change"),
    path("views/<int:pk>/remove/", saved_views.view_remove, name="view_remove"),
    path("tools/", tool_search_views.tool_list, name="tool_list"),
    path("keys/", palette_views.keys, name="keys"),
    path("palette/", palette_views.palette, name="palette"),
    path("help/", help_views.help_list, name="help_list"),
    path("help/<str:name>/", help_views.help_page, name="help_page"),
    path("help/<str:name>/<str:section>/", help_views.help_section, name="help_section"),
    path("settings/sign-in/", about_views.signin_settings, name="signin_settings"),
    path("settings/sign-in/test/", about_views.signin_test, name="signin_test"),
    path("settings/mail/", about_views.mail_settings, name="mail_settings"),
    path("settings/mail/test/", about_views.mail_test, name="mail_test"),
    path("settings/about/", about_views.about, name="about"),
    path("look/", page_views.look_keep, name="look_keep"),
    path("events/", event_views.event_list, name="event_list"),
    path("events/news/", event_views.event_news, name="event_news"),
    path("dependencies/", dependency_views.dependency_graph, name="dependency_graph"),
    path("queue/", queue_views.queue_list, name="queue_list"),
    path("add/try/", trial_views.service_add_try, name="service_add_try"),
    path("import/try/", trial_views.service_import_try, name="service_import_try"),
    path("services/<str:name>/edit/try/", trial_views.service_edit_try, name="service_edit_try"),
    path("trials/<int:pk>/", trial_views.trial_detail, name="trial_detail"),
    path("batches/", bulk_views.batch_list, name="batch_list"),
    path("batches/ask/", bulk_views.batch_ask, name="batch_ask"),
    path("batches/begin/", bulk_views.batch_begin, name="batch_begin"),
    path("services/<str:name>/together/<str:kind>/", bulk_views.batch_together, name="batch_together"),
    path("batches/<int:batch_id>/", bulk_views.batch_detail, name="batch_detail"),
    path("batches/<int:batch_id>/cancel/", bulk_views.batch_cancel, name="batch_cancel"),
    path("batches/<int:batch_id>/retry/", bulk_views.batch_retry, name="batch_retry"),
    path("batches/<int:batch_id>/undo/", bulk_views.batch_undo, name="batch_undo"),
    path("services/<str:name>/bar/", bar_views.service_bar, name="service_bar"),
    path("services/<str:name>/uptime/", uptime_views.service_uptime, name="service_uptime"),
    path("services/<str:name>/hours/", uptime_views.service_hours, name="service_hours"),
    path("services/<str:name>/policy/", policy_views.service_policy, name="service_policy"),
    path("settings/workers/", worker_views.worker_list, name="worker_list"),
    path("settings/monitoring/", monitoring_views.monitoring_settings, name="monitoring_settings"),
    path(
        "settings/monitoring/save/",
        monitoring_views.monitoring_settings_save,
        name="monitoring_settings_save",
    ),
    path(
        "settings/monitoring/reset/",
        monitoring_views.monitoring_settings_reset,
        name="monitoring_settings_reset",
    ),
    path("settings/targets/", slo_views.target_list, name="target_list"),
    path("settings/targets/add/", slo_views.target_add, name="target_add"),
    path("settings/targets/<int:pk>/", slo_views.target_edit, name="target_edit"),
    path("settings/targets/<int:pk>/remove/", slo_views.target_delete, name="target_delete"),
    path("status-pages/", statuspage_views.statuspage_list, name="statuspage_list"),
    path("status-pages/add/", statuspage_views.statuspage_add, name="statuspage_add"),
    path("status-pages/<int:pk>/", statuspage_views.statuspage_edit, name="statuspage_edit"),
    path("status-pages/<int:pk>/delete/", statuspage_views.statuspage_delete, name="statuspage_delete"),
    path("status-pages/<int:pk>/link/", statuspage_views.statuspage_link, name="statuspage_link"),
    path("status-pages/<int:pk>/preview/", statuspage_views.statuspage_preview, name="statuspage_preview"),
    path("status-pages/alerts/<int:pk>/tell/", statuspage_views.statuspage_tell, name="statuspage_tell"),
    path("status-pages/notes/<int:pk>/take/", statuspage_views.statuspage_untell, name="statuspage_untell"),
    path("status/<str:key>/", public_views.status_page, name="status_page"),
    path("status/<str:key>/feed.xml", public_views.status_feed, name="status_feed"),
    path("status/<str:key>/status.json", public_views.status_json, name="status_json"),
    path("badge/<str:key>/<str:service>.svg", public_views.badge, name="badge"),
    path("settings/policies/", policy_views.policy_list, name="policy_list"),
    path("settings/policies/<str:profile>/", policy_views.policy_edit, name="policy_edit"),
    path("settings/policies/<str:profile>/reset/", policy_views.policy_reset, name="policy_reset"),
    path("services/<str:name>/state/", state.service_state, name="service_state"),
    path("services/<str:name>/ask/<str:kind>/", service.service_action, name="service_action"),
    path("services/<str:name>/tools/", tool_views.service_tools, name="service_tools"),
    path("services/<str:name>/changes/", contract_views.service_changes, name="service_changes"),
    path(
        "services/<str:name>/changes/<int:change_id>/", contract_views.service_change, name="service_change"
    ),
    path("services/<str:name>/pin/", contract_views.service_pin, name="service_pin"),
    path("services/<str:name>/waiting/", contract_views.service_waiting, name="service_waiting"),
    path("services/<str:name>/waiting/approve/", contract_views.service_approve, name="service_approve"),
    path(
        "services/<str:name>/waiting/approve-all/",
        contract_views.service_approve_all,
        name="service_approve_all",
    ),
    path("services/<str:name>/waiting/refuse/", contract_views.service_refuse, name="service_refuse"),
    path("services/<str:name>/signin/", signin_views.service_signin, name="service_signin"),
    path("services/<str:name>/signin/begin/", signin_views.signin_begin, name="signin_begin"),
    path("services/<str:name>/signin/end/", signin_views.signin_end, name="signin_end"),
    path("services/<str:name>/signin/client/", signin_views.signin_client, name="signin_client"),
    path("oauth/callback", signin_views.signin_callback, name="signin_callback"),
    path("oauth/client.json", signin_views.signin_document, name="signin_document"),
    path("services/<str:name>/tools/call/", tool_views.tool_call, name="tool_call"),
    path("services/<str:name>/tools/try/", playground_views.tool_playground, name="tool_playground"),
    path("services/<str:name>/tools/history/", playground_views.tool_history, name="tool_history"),
    path("services/<str:name>/tools/snippet/", playground_views.tool_snippet, name="tool_snippet"),
    path("services/<str:name>/tools/form/", playground_views.tool_form, name="tool_form"),
    path("services/<str:name>/calls/", call_views.service_calls, name="service_calls"),
    path("services/<str:name>/calls/of/<int:call_id>/", call_views.service_call, name="service_call"),
    path("services/<str:name>/calls/<int:command_id>/", tool_views.tool_outcome, name="tool_outcome"),
    path(
        "services/<str:name>/calls/<int:command_id>/answer.json", answer_views.call_answer, name="call_answer"
    ),
    path("services/<str:name>/calls/<int:command_id>/<int:part>/", answer_views.call_part, name="call_part"),
    path("services/<str:name>/events/", service.service_events, name="service_events"),
    path("services/<str:name>/logs/", log_views.service_logs, name="service_logs"),
    path("services/<str:name>/logs.txt", log_views.service_log_file, name="service_log_file"),
    path("services/<str:name>/commands/<int:command_id>/", service.command_state, name="command_state"),
]
