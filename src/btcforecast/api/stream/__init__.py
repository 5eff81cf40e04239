"""The event stream: the hub that hands events to clients, the poller that feeds it, and the answer that streams them."""
