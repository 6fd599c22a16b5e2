"""The page of a package, for people: readable offline, in their language, with nothing from anywhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kept.domain.exports import Export
from kept.domain.manifest import Manifest
from kept.domain.policy import Policy
from kept.entry.export_words import RIGHT_TO_LEFT, WORDS
from kept.entry.rendering import templates


class ExportPage:
    """Keeps the protocol `Page` of `app.package`."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._html: Any = templates().get_template("export.html").module
        self._words: Mapping[str, str] = WORDS["en"]

    def begin(self, export: Export, made_at: str) -> str:
        """The head. All that comes after is in the same language."""
        language = next(each for each in (export.language, *self._policy.languages, "en") if each in WORDS)
        self._words = defaultdict(str, WORDS[language])
        intro = self._say("intro", name=self._policy.site.name, email=export.email, made_at=made_at)
        rtl, title = language in RIGHT_TO_LEFT, self._words["title"]
        return str(self._html.begin(self._words, language, rtl, title, intro))

    def part(self, name: str) -> str:
        """The heading of a part."""
        return str(self._html.part(self._words[name]))

    def entry(self, shown: Mapping[str, Any]) -> str:
        """One record."""
        return str(self._html.entry(self._words, shown))

    def end(self, manifest: Manifest) -> str:
        """The end."""
        copies = self._say("copies", day=manifest.copies_gone_by)
        policy = self._say("policy", version=manifest.policy_version, day=manifest.discard_by[:10])
        return str(self._html.end(self._words, manifest, self._policy.site, copies, policy))

    def _say(self, sentence: str, **values: str) -> str:
        """A sentence with values in it, each kept apart from the sentence's direction (Unicode's isolates)."""
        return self._words[sentence].format(**{key: f"\u2068{value}\u2069" for key, value in values.items()})
