from lifecycle.models.alert import AlertRule, Channel, Episode
from lifecycle.models.command import Command
from lifecycle.models.delivery import Delivery, DeliveryAttempt
from lifecycle.models.state import CheckResult, FeedItem, ServiceState, StateChange
from lifecycle.models.worker import WorkerSeen

__all__ = [
    "AlertRule",
    "Channel",
    "CheckResult",
    "Command",
    "Delivery",
    "DeliveryAttempt",
    "Episode",
    "FeedItem",
    "ServiceState",
    "StateChange",
    "WorkerSeen",
]
