"""What a bulk edit says, and what it changes of one service: values alone, no rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from registry.errors import InvalidConfigError
from registry.models import Priority, Profile

LONGEST_TAG: Final = 100
MOST_TAGS: Final = 50
LISTS: Final = ("add_tags", "remove_tags")
CHOICES: Final[Mapping[str, Sequence[str]]] = {"profile": Profile.values, "priority": Priority.values}
AGENTS: Final = ("add_to_agent", "remove_from_agent")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What shall become of all that are meant; empty: stays as it is."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    profile: str = ""
    priority: str = ""
    add_to_agent: str = ""
    remove_from_agent: str = ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def said(self) -> dict[str, Any]:
        """As JSON, without what stays."""
        return {key: value for key, value in asdict(self).items() if value}


def read(given: Mapping[str, Any]) -> Edit:
    """InvalidConfigError for what is not known, says nothing, or contradicts itself."""
    known = (*LISTS, *CHOICES, *AGENTS)
    if unknown := sorted(set(given) - set(known)):
        raise InvalidConfigError(f"edit.{unknown[0][:40]}", "is not known", f"Use {', '.join(known)}")
    values: dict[str, Any] = {key: _tags(key, given.get(key) or []) for key in LISTS}
    values |= {key: _chosen(key, given.get(key) or "") for key in CHOICES}
    values |= {key: _text(key, given.get(key) or "") for key in AGENTS}
    found = Edit(**values)
    if not found:
        raise InvalidConfigError("edit", "says nothing", "Give a tag, profile, priority or agent")
    if both := sorted(set(found.add_tags) & set(found.remove_tags)):
        raise InvalidConfigError("edit.add_tags", f'adds "{both[0]}" and removes it', "Leave one of them out")
    if found.add_to_agent and found.add_to_agent == found.remove_from_agent:
        raise InvalidConfigError("edit.add_to_agent", "is also the agent to leave", "Leave one of them out")
    return found


def _tags(key: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise InvalidConfigError(f"edit.{key}", "must be a list of texts", 'Write ["team-a"]')
    tags = tuple(dict.fromkeys(one.strip() for one in given if one.strip()))
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG or "\0" in tag for tag in tags):
        remedy = f"Give at most {MOST_TAGS} tags of at most {LONGEST_TAG} characters"
        raise InvalidConfigError(f"edit.{key}", "has too many or too long tags", remedy)
    return tags


def _text(key: str, given: Any) -> str:
    if not isinstance(given, str):
        raise InvalidConfigError(f"edit.{key}", "must be a text", "Write a name")
    return given.strip()


def _chosen(key: str, given: Any) -> str:
    value = _text(key, given)
    if value and value not in CHOICES[key]:
        known = ", ".join(CHOICES[key])
        raise InvalidConfigError(f"edit.{key}", f'"{value[:40]}" is not known', f"Write one of {known}")
    return value


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an edit changes of one service. `was_…` is what it had: an undo brings that back."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    profile: str = ""
    was_profile: str = ""
    priority: str = ""
    was_priority: str = ""
    add_to_agent: str = ""
    remove_from_agent: str = ""

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    @property
    def undone(self) -> Change:
        """The way back."""
        return Change(
            add_tags=self.remove_tags,
            remove_tags=self.add_tags,
            profile=self.was_profile,
            was_profile=self.profile,
            priority=self.was_priority,
            was_priority=self.priority,
            add_to_agent=self.remove_from_agent,
            remove_from_agent=self.add_to_agent,
        )

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({key: value for key, value in asdict(self).items() if value})


def read_change(text: str) -> Change:
    """What `Change.text` wrote."""
    given = json.loads(text).items()
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given}
    return Change(**values)


def change_of(
    edit: Edit,
    *,
    tags: Sequence[str],
    profile: str,
    priority: str,
    name: str,
    members: Mapping[str, Collection[str]],
) -> Change:
    """What *edit* changes of a service that is so; *members* are the names that each agent has."""
    other_profile, other_priority = edit.profile not in ("", profile), edit.priority not in ("", priority)
    joins = edit.add_to_agent if name not in members.get(edit.add_to_agent, [name]) else ""
    leaves = edit.remove_from_agent if name in members.get(edit.remove_from_agent, ()) else ""
    return Change(
        add_tags=tuple(tag for tag in edit.add_tags if tag not in tags),
        remove_tags=tuple(tag for tag in edit.remove_tags if tag in tags),
        profile=edit.profile if other_profile else "",
        was_profile=profile if other_profile else "",
        priority=edit.priority if other_priority else "",
        was_priority=priority if other_priority else "",
        add_to_agent=joins,
        remove_from_agent=leaves,
    )


def retagged(tags: Sequence[str], change: Change) -> list[str]:
    """The tags after it; those that stay keep their places."""
    kept = [tag for tag in tags if tag not in change.remove_tags]
    return [*kept, *(tag for tag in change.add_tags if tag not in kept)]


def own_changes(change: Change, *, tags: Sequence[str], profile: str, priority: str) -> dict[str, Any]:
    """By property what a service that is so now becomes; what somebody changed meanwhile stays."""
    found: dict[str, Any] = {}
    if retagged(tags, change) != list(tags):
        found["tags"] = retagged(tags, change)
    if change.profile and profile == change.was_profile:
        found["profile"] = change.profile
    if change.priority and priority == change.was_priority:
        found["priority"] = change.priority
    return found
