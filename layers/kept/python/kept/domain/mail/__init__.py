"""Reading email: any bytes become a readable `Mail`, and the first recognisers say what it is."""

from kept.domain.mail.machine import is_machine_mail
from kept.domain.mail.opt_out_request import asks_to_stop
from kept.domain.mail.reader import Attachment, Mail, read_mail

__all__ = ["Attachment", "Mail", "asks_to_stop", "is_machine_mail", "read_mail"]
