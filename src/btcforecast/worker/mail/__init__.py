"""Delivery of letters: what they say (`letters`), how they leave (`carriers`), and the queue between (`delivery`)."""

from btcforecast.worker.mail.carriers import Carrier, FolderCarrier, NotCarriedError, ServerCarrier, carrier_for
from btcforecast.worker.mail.delivery import Delivery, open_delivery
from btcforecast.worker.mail.letters import Letters

__all__ = ["Carrier", "Delivery", "FolderCarrier", "Letters", "NotCarriedError", "ServerCarrier", "carrier_for", "open_delivery"]
