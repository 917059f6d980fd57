"""The sentences of the notes on a client's file."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registry.core.clients.writing.notes import Code, Note

WORDS: Mapping[Code, str | Promise] = {
    Code.RENAMED: _("is called %(name)s there: %(program)s does not allow other characters in a name"),
    Code.BRIDGED: _(
        "is reached through mcp-remote, an npm program: %(program)s does not support %(transport)s itself"
    ),
    Code.SIGNS_IN: _("needs a sign-in, which %(program)s does itself"),
    Code.STAYS: _("has settings that %(program)s has no key for, so they are not included: %(keys)s"),
    Code.NO_FOLDER: _("its working directory %(folder)s is not included: %(program)s has no key for it"),
    Code.NO_TRANSPORT: _("its transport, %(transport)s, is not included: %(program)s detects it"),
    Code.NO_SWITCH: _(
        "is stopped here: %(program)s cannot disable it in this file, disable it in the program"
    ),
    Code.REFUSED_VARIABLE: _("env %(name)s: %(program)s refuses to set it"),
    Code.BY_HAND: _(
        "%(place)s: %(program)s does not fill in placeholders here; replace %(placeholder)s with the value"
    ),
    Code.LITERAL: _("%(place)s: %(text)s is literal, but %(program)s would replace it"),
    Code.TWO_VALUES: _(
        "%(place)s: %(name)s has a different value for %(other)s, and %(program)s supports only one"
    ),
    Code.NO_CALL_LIMIT: _("its tool call timeout of %(n)s s: %(program)s has no setting for it"),
    Code.NO_START_LIMIT: _("its start timeout of %(n)s s: %(program)s has no setting for it"),
    Code.CALL_LIMIT_OUTSIDE: _(
        "its tool call timeout of %(n)s s: %(program)s allows %(least)s to %(most)s s; omitted"
    ),
    Code.START_LIMIT_OUTSIDE: _(
        "its start timeout of %(n)s s: %(program)s allows %(least)s to %(most)s s; omitted"
    ),
    Code.CALL_LIMIT_ROUNDED: _(
        "its tool call timeout of %(n)s s: %(program)s allows only whole %(unit)s; rounded up"
    ),
    Code.START_LIMIT_ROUNDED: _(
        "its start timeout of %(n)s s: %(program)s allows only whole %(unit)s; rounded up"
    ),
    Code.LEFT_OUT: _("is omitted: %(why)s"),
}


def text_of(note: Note) -> str:
    """The sentence, in the language of whoever reads it."""
    return str(WORDS[note.code]) % note.about
