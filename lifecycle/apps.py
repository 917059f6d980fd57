from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "lifecycle"

    def ready(self) -> None:
        """Let a change of a service carry its policy, too: the registry does not know of policies."""
        from lifecycle.policies import operations as policy_operations
        from registry.services import change as service_change

        service_change.PARTS["policy"] = policy_operations.change_part
