"""What the facade raises: one base, `RegistryError`, and under it a class for each layer."""

from __future__ import annotations

from registry.errors import RegistryError


class NotSetUpError(RegistryError):
    """There is no console database to work with."""

    code = "not_set_up"


class ToolNotFoundError(RegistryError):
    """No service here has a tool of this name, or several have."""

    code = "tool_not_found"


class ProtocolError(RegistryError):
    """The service answered, but not as the protocol has it."""

    code = "protocol_error"


class ToolFailedError(ProtocolError):
    """The tool itself reported an error; `result` is its whole answer."""

    code = "tool_failed"

    def __init__(self, message: str, result: object) -> None:
        self.result = result
        super().__init__(message)


class ServiceConnectionError(RegistryError, ConnectionError):
    """The service is not connected, or was lost on the way."""

    code = "connection_error"


class ServiceTimeoutError(RegistryError, TimeoutError):
    """There was no answer in time; what was asked may still happen."""

    code = "timeout"
