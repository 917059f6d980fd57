"""Each test run has a data directory of its own, so runs beside each other never meet."""

import os
import tempfile

os.environ["MCPSTORE_DATA_DIR"] = os.environ.get("MCPSTORE_TEST_DATA_DIR") or tempfile.mkdtemp(prefix="mcpstore-test-")
