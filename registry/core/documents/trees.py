"""Walks through trees of plain values; the reader has bounded their depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def strings(tree: Any) -> list[str]:
    """Every text among the values of a tree that was read, at whatever depth."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, Mapping):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def mapped(tree: Any, change: Callable[[str], str]) -> Any:
    """The tree with each text among its values changed."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {key: mapped(value, change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [mapped(value, change) for value in tree]
    return tree
