from registry.models.access import (
    ApiToken,
    AuditEntry,
    AuditHead,
    AuditMember,
    Membership,
    PasswordLink,
    Role,
    SignInAttempt,
)
from registry.models.agent import Agent, AgentService
from registry.models.contract import Contract, ContractChange, WaitingTool
from registry.models.dependency import Dependency
from registry.models.sealed import SealedField
from registry.models.secret import KeptSecret, Secret
from registry.models.service import (
    NAME_PATTERN,
    CatalogPage,
    Desired,
    Priority,
    Profile,
    RegistryHead,
    Service,
    Transport,
    UpstreamStatus,
)
from registry.models.tool import ContentItem, Tool
from registry.models.version import ConfigVersion

__all__ = [
    "NAME_PATTERN",
    "Agent",
    "AgentService",
    "ApiToken",
    "AuditEntry",
    "AuditHead",
    "AuditMember",
    "CatalogPage",
    "ConfigVersion",
    "ContentItem",
    "Contract",
    "ContractChange",
    "Dependency",
    "Desired",
    "KeptSecret",
    "Membership",
    "PasswordLink",
    "Priority",
    "Profile",
    "RegistryHead",
    "Role",
    "SealedField",
    "Secret",
    "Service",
    "SignInAttempt",
    "Tool",
    "Transport",
    "UpstreamStatus",
    "WaitingTool",
]
