"""The registry's errors: each says where, what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence


class RegistryError(Exception):
    """Base of everything the registry refuses."""

    code = "registry_error"


class InvalidConfigError(RegistryError):
    """A document or entry that cannot be taken: the place, the problem, and what to write instead.

    `suggestion` is a corrected name, `asks` are the placeholders whose values are still to be given, `role`
    is who may do it, where that is all that is wrong.
    """

    code = "invalid_config"

    def __init__(
        self,
        where: str,
        what: str,
        remedy: str,
        *,
        suggestion: str = "",
        asks: Sequence[str] = (),
        role: str = "",
    ) -> None:
        self.where, self.what, self.remedy = where, what, remedy
        self.suggestion, self.asks, self.role = suggestion, tuple(asks), role
        super().__init__(f"{where}: {what}. {remedy}")


class ServiceNotFoundError(RegistryError):
    """No service of this name is registered."""

    code = "service_not_found"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no service {name[:80]!r}.")


class NotAllowedError(RegistryError):
    """The role does not reach for what was asked."""

    code = "not_allowed"


class NotPossibleError(RegistryError):
    """What was asked cannot be done now; nothing was changed."""

    code = "not_possible"


class SecretsError(RegistryError):
    """A stored value cannot be read with the keys in the key file."""

    code = "secrets_unreadable"


class ContractError(RegistryError):
    """What was asked does not fit the contract as it is; nothing was changed."""

    code = "contract_conflict"


class ToolUnknownError(RegistryError):
    """The service has no tool of this name, approved or waiting."""

    code = "tool_not_found"
