"""Everything a script can ask of the store, or of one agent's part of it."""

from __future__ import annotations

from mcpstore_site.facade.configuring import Configuring
from mcpstore_site.facade.monitoring.measuring import Measuring
from mcpstore_site.facade.operating import Operating
from mcpstore_site.facade.relating import Relating
from mcpstore_site.facade.tools.calling import Calling
from mcpstore_site.facade.tools.contracts import Contracts


class StoreContext(Configuring, Operating, Calling, Contracts, Relating, Measuring):
    """What `for_store()` and `for_agent(id)` give."""
