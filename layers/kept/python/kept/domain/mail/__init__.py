"""Reading email: any bytes become a readable `Mail`, and the first recognisers say what it is."""

from kept.domain.mail.machine import machine_reason
from kept.domain.mail.opt_out_request import asks_to_stop
from kept.domain.mail.reader import Mail, read_mail

__all__ = ["Mail", "asks_to_stop", "machine_reason", "read_mail"]
