"""Take the pictures of the README anew, of the demo's shop: `make pictures`."""

import asyncio
import base64
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from selenium.webdriver import Chrome

from backend.database.engine import opened
from backend.files.demo_shop import AS_OF, load_demo_shop
from tests.chromium import chromium
from tests.live import Live, command, serving
from tests.performed import NO_WORKER
from tests.web.browsing import in_the_dark, signed_in

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DAYS_BEFORE = (90, 7, 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody sees it; measures are in pixels."""

    name: str
    path: str
    width: int
    height: int
    is_dark: bool = False


PICTURES = (
    Picture("today", "/app", 1200, 860),
    Picture("phone", "/app/customers?min_frequency=2&min_churn_risk=0.5", 360, 720),
    Picture("dark", "/app/cohorts", 1200, 720, is_dark=True),
)


async def _shop(url: str) -> None:
    async with opened(url) as engine:
        await load_demo_shop(engine, lambda _: None)


def _runs(url: str, folder: Path) -> None:
    for days in DAYS_BEFORE:
        as_of = AS_OF - timedelta(days=days)
        done = command(url, folder, "cluster", "--as-of", as_of.isoformat())
        assert done.returncode == 0, done.stderr


def _take(browser: Chrome, live: Live, one: Picture) -> None:
    colours: AbstractContextManager[None] = in_the_dark(browser) if one.is_dark else nullcontext()
    measures = {"width": one.width, "height": one.height, "deviceScaleFactor": 1, "mobile": False}
    with colours:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measures)
        browser.get(f"{live.address}{one.path}")
        browser.execute_script("document.documentElement.style.scrollbarWidth = 'none'")
        seen = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (FOLDER / f"{one.name}.png").write_bytes(base64.b64decode(seen["data"]))


def main() -> None:
    """Load the shop, let three runs see it, and look at its pages."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        url = f"sqlite:///{folder}/shop.db"
        (folder / "shop.db").touch()
        asyncio.run(_shop(url))
        _runs(url, folder)
        with serving(url, folder, variables=NO_WORKER) as live, signed_in(browser, live):
            for one in PICTURES:
                _take(browser, live, one)


if __name__ == "__main__":
    main()
