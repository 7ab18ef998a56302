"""Write the OpenAPI snapshot anew: `make openapi`."""

import json

from tests.api.test_documentation import SNAPSHOT, described

if __name__ == "__main__":
    SNAPSHOT.write_text(
        json.dumps(described(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )
