from lifecycle.models.alert import AlertRule, Channel, Episode
from lifecycle.models.child import ChildProcess, LogPiece
from lifecycle.models.command import Batch, Command, SavedView, Trial
from lifecycle.models.delivery import Delivery, DeliveryAttempt
from lifecycle.models.policy import MonitoringSettings, PolicyHead, PolicyProfile, ServicePolicy
from lifecycle.models.quiet import EpisodeNote, MaintenancePeriod, MaintenanceWindow, Silence
from lifecycle.models.rollup import FleetRollup, Rollup1d, Rollup1h, Rollup5m, RollupMark
from lifecycle.models.signin import ServiceSignIn, SignInClient, SignInFlow
from lifecycle.models.slo import ErrorRate, Slo, SloState, Slowness, SlownessProfile
from lifecycle.models.state import CheckResult, FeedItem, MassFailure, ServiceState, StateChange
from lifecycle.models.uptime import (
    ListFigures,
    MonitoringGap,
    ServiceHours,
    StatusPage,
    StatusPageNote,
    StatusPageService,
    UptimeDay,
    UptimeMark,
)
from lifecycle.models.usage import (
    FleetCallRollup,
    HostRollup,
    HostSample,
    ProcessRollup,
    ServiceCallRollup,
    ToolCall,
    ToolRollup,
)
from lifecycle.models.worker import Lease, WorkerSeen

__all__ = [
    "AlertRule",
    "Batch",
    "Channel",
    "CheckResult",
    "ChildProcess",
    "Command",
    "Delivery",
    "DeliveryAttempt",
    "Episode",
    "EpisodeNote",
    "ErrorRate",
    "FeedItem",
    "FleetCallRollup",
    "FleetRollup",
    "HostRollup",
    "HostSample",
    "Lease",
    "ListFigures",
    "LogPiece",
    "MaintenancePeriod",
    "MaintenanceWindow",
    "MassFailure",
    "MonitoringGap",
    "MonitoringSettings",
    "PolicyHead",
    "PolicyProfile",
    "ProcessRollup",
    "Rollup1d",
    "Rollup1h",
    "Rollup5m",
    "RollupMark",
    "SavedView",
    "ServiceCallRollup",
    "ServiceHours",
    "ServicePolicy",
    "ServiceSignIn",
    "ServiceState",
    "SignInClient",
    "SignInFlow",
    "Silence",
    "Slo",
    "SloState",
    "Slowness",
    "SlownessProfile",
    "StateChange",
    "StatusPage",
    "StatusPageNote",
    "StatusPageService",
    "ToolCall",
    "ToolRollup",
    "Trial",
    "UptimeDay",
    "UptimeMark",
    "WorkerSeen",
]
