from reco_lab.store.events.log import EventLog
from reco_lab.store.events.records import Counts, Minute, RefusedEvent, Tracked

__all__ = ["Counts", "EventLog", "Minute", "RefusedEvent", "Tracked"]
