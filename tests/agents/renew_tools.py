"""Write the snapshot of the tools anew: `python -m tests.agents.renew_tools`."""

import json

from backend.agents.protocol import told
from backend.agents.toolbox import TOOLS
from tests.agents.test_tools import SNAPSHOT

if __name__ == "__main__":
    tools = [told(one).model_dump(mode="json", by_alias=True, exclude_none=True) for one in TOOLS]
    SNAPSHOT.write_text(json.dumps(tools, indent=2) + "\n")
