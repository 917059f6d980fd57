from lifecycle.models.alert import AlertRule, Channel, Episode
from lifecycle.models.child import ChildProcess, LogPiece
from lifecycle.models.command import Batch, Command
from lifecycle.models.delivery import Delivery, DeliveryAttempt
from lifecycle.models.massfailure import MassFailure
from lifecycle.models.policy import PolicyHead, PolicyProfile, ServicePolicy
from lifecycle.models.state import CheckResult, FeedItem, ServiceState, StateChange
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
    "FeedItem",
    "Lease",
    "LogPiece",
    "MassFailure",
    "PolicyHead",
    "PolicyProfile",
    "ServicePolicy",
    "ServiceState",
    "StateChange",
    "WorkerSeen",
]
