"""Times as answers write them."""

from kept.domain.times import iso

__all__ = ["iso"]
