from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "lifecycle"

    def ready(self) -> None:
        """Let a change of a service carry its policy, too: the registry does not know of policies."""
        from lifecycle import policies
        from registry import changing

        changing.PARTS["policy"] = policies.change_part
