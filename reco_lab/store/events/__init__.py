from reco_lab.store.events.accounts import Claim, SharedAccounts
from reco_lab.store.events.log import EventLog
from reco_lab.store.events.records import Counts, Minute, RefusedEvent, Tracked

__all__ = ["Claim", "Counts", "EventLog", "Minute", "RefusedEvent", "SharedAccounts", "Tracked"]
