"""Lengths of time as a policy's author writes them."""

from __future__ import annotations

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Duration(int):
    """A length of time in whole seconds, written in words: "5 seconds", "30 days"."""

    @classmethod
    def parse(cls, words: object) -> Duration:
        """Read "30 days". Raises ValueError, in words for the policy's author, on anything else."""
        count, _, unit = words.partition(" ") if isinstance(words, str) else ("", "", "")
        seconds = _SECONDS.get(unit.removesuffix("s"))
        # isdecimal() alone would let in other scripts' digits, and eight digits are three thousand centuries in days.
        if seconds is None or not (count.isascii() and count.isdecimal() and len(count) <= 8):
            raise ValueError('expected a duration in words, such as "5 seconds", "12 hours" or "30 days"')
        return cls(int(count) * seconds)

    @property
    def in_words(self) -> tuple[int, str]:
        """How many of the largest unit that holds it exactly: (30, "day")."""
        unit = next(unit for unit in ("day", "hour", "minute", "second") if self % _SECONDS[unit] == 0)
        return self // _SECONDS[unit], unit

    def __str__(self) -> str:
        """In the largest unit that holds it exactly: "30 days"."""
        count, unit = self.in_words
        return f"{count} {unit}{'' if count == 1 else 's'}"
