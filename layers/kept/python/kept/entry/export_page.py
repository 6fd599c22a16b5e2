"""The page of a package, for people: readable offline, in their language, with nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kept.domain.exports import Export
from kept.domain.manifest import Manifest
from kept.domain.policy import Policy
from kept.entry.language import LANGUAGES, language
from kept.entry.pages import environment
from kept.entry.words import PACKAGE


class ExportPage:
    """Keeps the protocol `Page` of `app.package`."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._code = "en"
        self._html: Any = None

    def begin(self, export: Export, made_at: str) -> str:
        """The head. All that comes after is in the same language."""
        self._code = next(each for each in (export.language, *self._policy.languages, "en") if each in LANGUAGES)
        self._html = environment(self._code).get_template("export.html").module
        return str(
            self._html.begin(self._say("intro", name=self._policy.site.name, email=export.email, made_at=made_at))
        )

    def part(self, name: str) -> str:
        """The heading of a part."""
        return str(self._html.part(self._say(name)))

    def entry(self, shown: Mapping[str, Any]) -> str:
        """One record."""
        return str(self._html.entry(shown))

    def end(self, manifest: Manifest) -> str:
        """The end."""
        copies = self._say("copies", day=manifest.copies_gone_by)
        policy = self._say("policy", version=manifest.policy_version, day=manifest.discard_by[:10])
        return str(self._html.end(manifest, self._policy.site, copies, policy))

    def _say(self, what: str, **values: str) -> str:
        """A sentence, with values that are kept apart from its direction (Unicode's isolates)."""
        apart = {name: f"\u2068{value}\u2069" for name, value in values.items()}
        return language(self._code).translate(PACKAGE[what], apart)
