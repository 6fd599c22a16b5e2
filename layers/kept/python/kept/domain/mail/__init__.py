"""Reading email: any bytes become a readable `Mail`, and is understood."""

from kept.domain.mail.intents import Understanding, understand
from kept.domain.mail.machine import machine_reason
from kept.domain.mail.reader import Mail, read_mail

__all__ = ["Mail", "Understanding", "machine_reason", "read_mail", "understand"]
