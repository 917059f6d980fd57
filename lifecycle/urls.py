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
from lifecycle.operations.bulk import views as bulk_views
from lifecycle.policies import views as policy_views
from lifecycle.queue import views as queue_views
from lifecycle.services.views import service, services, state
from lifecycle.tools import views as tool_views
from lifecycle.tools.contracts import views as contract_views
from lifecycle.workers import views as worker_views

urlpatterns = [
    path("", overview_views.overview, name="overview"),
    path("overview/charts.json", chart_views.overview_charts, name="overview_charts"),
    path("services/<str:name>/charts.json", chart_views.service_charts, name="service_charts"),
    path("services/", services.service_list, name="service_list"),
    path("services/<str:name>/", service.service_detail, name="service_detail"),
    path("events/", event_views.event_list, name="event_list"),
    path("events/news/", event_views.event_news, name="event_news"),
    path("dependencies/", dependency_views.dependency_graph, name="dependency_graph"),
    path("queue/", queue_views.queue_list, name="queue_list"),
    path("batches/", bulk_views.batch_list, name="batch_list"),
    path("batches/ask/", bulk_views.batch_ask, name="batch_ask"),
    path("batches/begin/", bulk_views.batch_begin, name="batch_begin"),
    path("services/<str:name>/together/<str:kind>/", bulk_views.batch_together, name="batch_together"),
    path("batches/<int:batch_id>/", bulk_views.batch_detail, name="batch_detail"),
    path("batches/<int:batch_id>/cancel/", bulk_views.batch_cancel, name="batch_cancel"),
    path("batches/<int:batch_id>/retry/", bulk_views.batch_retry, name="batch_retry"),
    path("batches/<int:batch_id>/undo/", bulk_views.batch_undo, name="batch_undo"),
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
    path("services/<str:name>/tools/call/", tool_views.tool_call, name="tool_call"),
    path("services/<str:name>/calls/", call_views.service_calls, name="service_calls"),
    path("services/<str:name>/calls/of/<int:call_id>/", call_views.service_call, name="service_call"),
    path("services/<str:name>/calls/<int:command_id>/", tool_views.tool_outcome, name="tool_outcome"),
    path("services/<str:name>/events/", service.service_events, name="service_events"),
    path("services/<str:name>/logs/", log_views.service_logs, name="service_logs"),
    path("services/<str:name>/logs.txt", log_views.service_log_file, name="service_log_file"),
    path("services/<str:name>/commands/<int:command_id>/", service.command_state, name="command_state"),
]
