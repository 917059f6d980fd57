"""Addresses of what runs."""

from django.urls import path
from django.views.generic import RedirectView

from lifecycle.views import (
    batches,
    contracts,
    dependencies,
    logs,
    policies,
    queue,
    service,
    services,
    state,
    workers,
)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="service_list", query_string=False), name="home"),
    path("services/", services.service_list, name="service_list"),
    path("services/<str:name>/", service.service_detail, name="service_detail"),
    path("dependencies/", dependencies.dependency_graph, name="dependency_graph"),
    path("queue/", queue.queue_list, name="queue_list"),
    path("batches/", batches.batch_list, name="batch_list"),
    path("batches/ask/", batches.batch_ask, name="batch_ask"),
    path("batches/begin/", batches.batch_begin, name="batch_begin"),
    path("services/<str:name>/together/<str:kind>/", batches.batch_together, name="batch_together"),
    path("batches/<int:batch_id>/", batches.batch_detail, name="batch_detail"),
    path("batches/<int:batch_id>/cancel/", batches.batch_cancel, name="batch_cancel"),
    path("batches/<int:batch_id>/retry/", batches.batch_retry, name="batch_retry"),
    path("batches/<int:batch_id>/undo/", batches.batch_undo, name="batch_undo"),
    path("services/<str:name>/policy/", policies.service_policy, name="service_policy"),
    path("settings/workers/", workers.worker_list, name="worker_list"),
    path("settings/policies/", policies.policy_list, name="policy_list"),
    path("settings/policies/<str:profile>/", policies.policy_edit, name="policy_edit"),
    path("settings/policies/<str:profile>/reset/", policies.policy_reset, name="policy_reset"),
    path("services/<str:name>/state/", state.service_state, name="service_state"),
    path("services/<str:name>/ask/<str:kind>/", service.service_action, name="service_action"),
    path("services/<str:name>/tools/", service.service_tools, name="service_tools"),
    path("services/<str:name>/changes/", contracts.service_changes, name="service_changes"),
    path("services/<str:name>/changes/<int:change_id>/", contracts.service_change, name="service_change"),
    path("services/<str:name>/pin/", contracts.service_pin, name="service_pin"),
    path("services/<str:name>/waiting/", contracts.service_waiting, name="service_waiting"),
    path("services/<str:name>/waiting/approve/", contracts.service_approve, name="service_approve"),
    path(
        "services/<str:name>/waiting/approve-all/", contracts.service_approve_all, name="service_approve_all"
    ),
    path("services/<str:name>/waiting/refuse/", contracts.service_refuse, name="service_refuse"),
    path("services/<str:name>/tools/call/", service.tool_call, name="tool_call"),
    path("services/<str:name>/calls/<int:command_id>/", service.tool_outcome, name="tool_outcome"),
    path("services/<str:name>/events/", service.service_events, name="service_events"),
    path("services/<str:name>/logs/", logs.service_logs, name="service_logs"),
    path("services/<str:name>/logs.txt", logs.service_log_file, name="service_log_file"),
    path("services/<str:name>/commands/<int:command_id>/", service.command_state, name="command_state"),
]
