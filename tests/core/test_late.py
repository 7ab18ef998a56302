import sys
from pathlib import Path

import pytest

from backend.core.late import late_without

ASKS = """
try:
    import bulky_library
except ImportError:
    bulky_library = None
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bulky_library.py").touch()
    (tmp_path / "asks_for_it.py").write_text(ASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("asks_for_it", "bulky_library"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("there")
def test_a_module_is_imported_as_where_another_is_not_installed() -> None:
    assert late_without("bulky_library", "asks_for_it").bulky_library is None
    assert "bulky_library" not in sys.modules
    import bulky_library  # type: ignore[import-not-found]  # noqa: PLC0415

    assert bulky_library is not None


@pytest.mark.usefixtures("there")
def test_what_is_imported_already_stays() -> None:
    import bulky_library  # noqa: PLC0415

    assert late_without("bulky_library", "asks_for_it").bulky_library is bulky_library
    assert sys.modules["bulky_library"] is bulky_library
