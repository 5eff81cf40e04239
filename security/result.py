"""What a scanner came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "frontend" / "openapi.json"
TOOLS = ROOT / ".venv-security" / "bin"


@dataclass
class Result:
    """tried: what was looked at, in words; findings: what is wrong; not_done: why it could not be looked at, which is a failure, too."""

    name: str
    tried: str
    findings: list[str] = field(default_factory=list)
    not_done: str = ""

    @property
    def has_passed(self) -> bool:
        """Say whether it looked and found nothing."""
        return not self.findings and not self.not_done
