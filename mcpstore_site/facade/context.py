"""Everything a script can ask of the store, or of one agent's part of it."""

from __future__ import annotations

from mcpstore_site.facade.calling import Calling
from mcpstore_site.facade.configuring import Configuring
from mcpstore_site.facade.contracts import Contracts
from mcpstore_site.facade.operating import Operating
from mcpstore_site.facade.relating import Relating


class StoreContext(Configuring, Operating, Calling, Contracts, Relating):
    """What `for_store()` and `for_agent(id)` give."""
